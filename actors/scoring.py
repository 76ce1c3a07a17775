"""Asking the scorers, taking in what they answer, and what becomes of comments that they do not answer."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import dramatiq

from osmod.jobs.actor import JobActor
from osmod.jobs.errors import NoCurrentJob
from osmod.jobs.messages.options import PRIORITIES, parse_priority
from osmod.jobs.middleware.current import CurrentJob, current_jobs, job_at_work
from osmod.moderation import scoring
from osmod.moderation.questions import OpenQuestion
from osmod.moderation.score_data import ScoreData
from osmod.moderation.work import Work
from osmod.settings import get_settings
from osmod.task import DATABASE_RETRIES, batch_task, checked_batch, current_deliveries, retry
from osmod.task.asking import Later, ask, find_question, find_question_soon, miss
from osmod.task.opening import open_for
from osmod.task.payload import Id, IdOfAnAddress, checked
from osmod.task.requests import answer_id, ask_id, is_answered, miss_id
from osmod.task.sending import send_all, send_or_owe, send_soon

#: Longer than a week, which is the longest deadline: the job itself gives up, once that of its scorer is over.
SCORER_RETRIES = retry(1_100, first=5_000, longest=600_000)
#: Questions that are read, wait for a place, or whose answers are queued, beside those that are under way.
ALONG = 50
#: By how much an answer is more urgent than its question: what is scored is decided before more is asked.
SOONER = 1


@dataclass(frozen=True)
class Arrived:
    """A comment that is to be scored; `missing`: by those scorers alone that have not answered yet."""

    comment_id: IdOfAnAddress
    missing: bool = False


@dramatiq.actor(
    actor_class=JobActor,
    actor_name="sendCommentForScoring",
    batch=50,
    index=("comment_id",),
    **DATABASE_RETRIES,
)
@checked_batch("sendCommentForScoring")
def send_comment_for_scoring(arrived: Sequence[Arrived]) -> None:
    """Ask every active scorer about a comment: a job for each."""
    missing = {one.comment_id for one in arrived if one.missing} - {
        one.comment_id for one in arrived if not one.missing
    }
    deliveries = current_deliveries("sendCommentForScoring")
    opened = open_for([one.comment_id for one in arrived], deliveries, missing)
    senders = _senders(arrived)
    send_all(
        _message(
            ask_scorer,
            ask_id(one.id, one.sent_at),
            sender=senders.get(one.comment_id),
            request_id=one.id,
            comment_id=one.comment_id,
        )
        for one in opened.requests
    )
    opened.raise_unusable()


@dramatiq.actor(
    actor_class=JobActor,
    actor_name="askScorer",
    concurrency=get_settings().scorers_at_once + ALONG,
    index=("comment_id",),
    **SCORER_RETRIES,
)
@checked("askScorer")
async def ask_scorer(request_id: Id, comment_id: Id | None = None) -> None:
    """Ask one scorer. Its answer is a job of its own, queued once an answer. `comment_id`: for whoever looks for it."""
    asked = await find_question_soon(request_id)
    if asked is None or await _is_answered(asked):
        return
    answer = await ask(asked, _take_in)
    if isinstance(answer, Later):
        late = _message(
            miss_scores,
            miss_id(request_id, asked.sent_at),
            request_id=request_id,
            comment_id=asked.comment.id,
        )
        await send_soon(late, answer.within + timedelta(seconds=1))
    elif answer is not None:
        await _take_in(asked, answer)


@dramatiq.actor(actor_class=JobActor, actor_name="missScores", index=("comment_id",), **DATABASE_RETRIES)
@checked("missScores")
def miss_scores(request_id: Id, comment_id: Id | None = None) -> None:
    """A scorer that wanted to call back has not, until its deadline: a person looks at the comment."""
    asked = find_question(request_id)
    if asked is not None and not is_answered(request_id, asked.sent_at):
        miss(asked)


@dataclass(frozen=True)
class Answer(scoring.Answer):
    """What the scorer `user_id` says of a comment; to its newest request, if that is not named."""

    comment_id: Id
    user_id: Id
    score_data: ScoreData
    request_id: Id | None = None


@batch_task("processMachineScore", batch=50, priority=-SOONER)
def process_machine_score(work: Work, answers: Sequence[Answer]) -> None:
    """Store a scorer's answer; the last one that was missing completes the comment."""
    scoring.process_machine_scores(work, answers, override=get_settings().rules_override_moderators)


async def _take_in(asked: OpenQuestion, answer: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {
        "comment_id": asked.comment.id,
        "user_id": asked.scorer_id,
        "request_id": asked.request_id,
    }
    taken_in = answer_id(asked.request_id, asked.sent_at)
    # The scorer need not be asked, and paid, again.
    message = _message(process_machine_score, taken_in, score_data=answer, **arguments)
    if "priority" in message.options:
        asked_with = parse_priority(message.options["priority"])
        # Moderators' acts stay before it.
        message.options["priority"] = max(asked_with - SOONER, min(asked_with, PRIORITIES["high"]))
    await send_or_owe(message)


async def _is_answered(asked: OpenQuestion) -> bool:
    """Whether an earlier run of this job got the answer, which is about to be stored. Only a run anew need look."""
    job = job_at_work()
    return job is not None and job.is_anew and await to_thread(is_answered, asked.request_id, asked.sent_at)


def _senders(arrived: Sequence[Arrived]) -> dict[int | None, CurrentJob]:
    """The job of each comment; none where there is no queue."""
    try:
        return {one.comment_id: job for one, job in zip(arrived, current_jobs(), strict=False)}
    except NoCurrentJob:
        return {}


def _message(
    actor: dramatiq.Actor[..., Any], message_id: str, sender: CurrentJob | None = None, **arguments: Any
) -> dramatiq.Message[Any]:
    """A job whose id is the same each time, so that one that is sent twice runs once; as urgent as its sender.

    Parameters:
      sender: of several jobs in one call, the one for which it is sent.
    """
    options: dict[str, Any] = {"parent": sender.id} if sender else {}
    if (job := sender or job_at_work()) and job.priority is not None:
        options["priority"] = job.priority
    return dramatiq.Message(actor.queue_name, actor.actor_name, (), arguments, options, message_id)
