"""Asking one scorer about one comment: its turn, its answer, and what becomes of the comment if there is none."""

from __future__ import annotations

import logging
from asyncio import Semaphore, gather, timeout, to_thread
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from traceback import format_tb
from typing import Any

from osmod.batching import Batcher
from osmod.jobs.errors import PutOff
from osmod.jobs.middleware.current import job_at_work
from osmod.loop import PerLoop, in_common
from osmod.moderation import unscored
from osmod.moderation.database import open_session
from osmod.moderation.models import now
from osmod.moderation.questions import OpenQuestion, open_questions
from osmod.outages import Outage
from osmod.scorers import (
    BadScorerConfig,
    KeyRefused,
    Question,
    Scored,
    Scorer,
    ScorerAway,
    ScorerError,
    Unscorable,
    deadline_of,
    scorer_for,
)
from osmod.settings import get_settings
from osmod.task.committing import commit
from osmod.task.engine import get_engine
from osmod.task.requests import is_answered
from osmod.task.showing import question_of
from osmod.task.turns import Turn

#: How often a scorer is asked about a comment at least, unless it answers nobody: one that waited in the queue until
#: its deadline was over is not given up at the first failure.
TRIES = 3
#: Questions read in one statement.
TOGETHER = 100
#: Seconds after which a scorer that has not returned is away; ours return within 60. No more than this share of the
#: time limit of jobs: one that met that each time would never see that its deadline is over.
PATIENCE, SHARE = 120.0, 0.8

_log = logging.getLogger(__name__)


#: Takes a scorer's answer to a question, as `processMachineScore` does.
Answered = Callable[[OpenQuestion, dict[str, Any]], Awaitable[None]]
Others = list[tuple[OpenQuestion, Scored]]

#: Of the questions that this process has under way.
_places = PerLoop(lambda: Semaphore(get_settings().scorers_at_once))


@dataclass(frozen=True)
class Later:
    """The scorer has taken the question, and answers by calling back, in so much time at most."""

    within: timedelta


def find_question(request_id: int) -> OpenQuestion | None:
    """What is asked by a request; None: it was answered or replaced, or its scorer is switched off."""
    return next(iter(_read([request_id])), None)


async def _find_all(request_ids: Sequence[int]) -> list[OpenQuestion | None]:
    found = {one.request_id: one for one in await in_common(_read, request_ids)}
    return [found.get(request_id) for request_id in request_ids]


def _read(request_ids: Sequence[int]) -> list[OpenQuestion]:
    with open_session(get_engine()) as session:
        return open_questions(session, request_ids)


#: `find_question`, awaited; of several at the same time in one statement.
find_question_soon: Batcher[int, OpenQuestion | None] = Batcher(_find_all, most=TOGETHER)


async def ask(asked: OpenQuestion, also: Answered) -> dict[str, Any] | Later | None:
    """Ask the scorer once its turn has come. Returns its answer, as `processMachineScore` takes it.

    `also` is given what the same request brought for others that waited for their turn.

    None: it will never score this text, or has stayed away past its deadline. A person looks at the comment then; in
    the second case the heartbeat has it asked again later.

    Raises:
      PutOff: it is not this question's turn, or the scorer wants to be left alone for a time.
      BadScorerConfig: it cannot be asked; a person looks at the comment.
      ScorerError: it has not answered; asking again may help.
    """
    try:
        scorer = scorer_for(asked.scorer_id, asked.config)
        deadline = asked.sent_at + deadline_of(asked.scorer_id, asked.config)
    except BadScorerConfig as error:
        await _give_up(asked, str(error))
        raise
    if scorer.limits.batch > 1 and await to_thread(is_answered, asked.request_id, asked.sent_at):
        return None
    turn = Turn(asked.scorer_id, asked.config, scorer.limits)
    from osmod.outgoing.client import get_ready  # late: not every process that knows the actors asks

    # Services count what arrives: between its turn and its departure nothing else is to be done.
    await get_ready()
    others: Others = []
    try:
        async with AsyncExitStack() as place:
            await place.enter_async_context(_places.get())
            async with turn.taken(str(asked.request_id)) as along:
                company = await to_thread(_still_open, asked, along) if along else []
                scored = await _answer(asked, company, scorer, others)
                await place.aclose()  # whoever is next need not wait until the gate is told
    except Unscorable as error:
        _keep(error)
        await _give_up(asked, str(error), for_good=True)
        return None
    except PutOff as error:
        left = (deadline - now()).total_seconds()
        if error.seconds <= left:
            raise
        # A person is told at the deadline, whenever the scorer wants to be asked again.
        silence = await to_thread(turn.silence)
        left = max(left, silence.remains)
        if left <= 0:
            # What the gate says is of its line; people want to know of the scorer.
            await _give_up(asked, silence.reason(silence.failed or str(error)))
            return None
        if error.seconds > left:
            raise PutOff(left, str(error)) from error
        raise
    except ScorerError as error:
        if now() < deadline or _tries() < TRIES:
            raise
        silence = await to_thread(turn.silence)
        await _give_up(asked, silence.reason(str(error)))
        return None
    finally:  # whatever became of this one: they were counted, and would be asked again
        for other, answer in others:
            await also(other, answer.score_data)
    return Later(max(timedelta(), deadline - now())) if scored is None else scored.score_data


def miss(asked: OpenQuestion) -> None:
    """An answer that was to come later is missed: give the scorer up, if its deadline is over.

    Raises:
      BadScorerConfig: that can no longer be known; a person looks at the comment.
    """
    try:
        patience = deadline_of(asked.scorer_id, asked.config)
    except BadScorerConfig as error:
        give_up(asked.comment.id, asked.request_id, str(error))
        raise
    if now() >= asked.sent_at + patience:
        missed = f"scorer {asked.scorer_id} has not called back within {patience.total_seconds():g} seconds"
        give_up(asked.comment.id, asked.request_id, missed)


def give_up(comment_id: int, request_id: int, reason: str, *, for_good: bool = False) -> None:
    """Have a person look at the comment, as `unscored.give_up` does, and log why.

    Where the settings want it as with OSMod, it goes on waiting for its scores instead.
    """
    settings = get_settings()
    if not settings.defer_unscored:
        _log.info("Comment %d waits for its scores: %s", comment_id, reason)
        return
    override = settings.rules_override_moderators
    done = commit(
        lambda work: unscored.give_up(
            work, comment_id, request_id, reason, for_good=for_good, override=override
        )
    )
    if done.value:
        _log.info("Comment %d waits for a person: %s", comment_id, reason)


async def _give_up(asked: OpenQuestion, why: str, *, for_good: bool = False) -> None:
    """The same, in a thread: it waits for the comment's lock."""
    await to_thread(give_up, asked.comment.id, asked.request_id, why, for_good=for_good)


def _still_open(asked: OpenQuestion, tickets: Sequence[str]) -> list[OpenQuestion]:
    """What these tickets ask of the same scorer, without what was answered meanwhile."""
    return [
        one
        for one in _read([int(ticket) for ticket in tickets])
        if one.scorer_id == asked.scorer_id and not is_answered(one.request_id, one.sent_at)
    ]


async def _answer(
    asked: OpenQuestion, along: Sequence[OpenQuestion], scorer: Scorer, others: Others
) -> Scored | None:
    """Ask, and have it logged once for all jobs when the scorer goes away and when it is back.

    Returns the answer. Those to the questions along with it are put into `others`, as far as there are such: what keeps
    one of them from being answered, the job of its own finds out.
    """
    outage = _outage_of(asked.scorer_id)
    try:
        questions = [
            question_of(one.request_id, one.comment, one.article, one.parent) for one in (asked, *along)
        ]
        answer = _with_others(scorer, questions, along, others) if along else scorer.score(questions[0])
        scored = await _in_time(asked.scorer_id, answer)
    except ScorerError as error:
        if isinstance(error, KeyRefused):
            remedy = f"give it one that is good by `osmod scorers configure {asked.scorer_id} --key`"
            outage.met(f"{error}: {remedy}", kind="key")
        elif isinstance(error, ScorerAway):
            outage.met(f"{error}: see whether it is up, and its key and quota in order")
        if error.body:  # so that it is kept with the attempt
            error.add_note(f"It answered: {error.body}")
        raise
    except Exception as error:  # noqa: BLE001
        # Where it failed is kept with the attempt; what the error says is not, as it may quote the comment.
        name = type(error).__name__
        failed = ScorerError(f"scorer {asked.scorer_id} could not be asked: {name}, a mistake in a program")
        failed.add_note("".join(format_tb(error.__traceback__)))
        raise failed from None
    outage.over()
    return scored


async def _in_time(scorer_id: int, answer: Awaitable[Scored | None]) -> Scored | None:
    """The answer, if it does not take for ever.

    Raises:
      ScorerAway: it does.
      Exception: what the scorer raises.
    """
    patience = timeout(min(PATIENCE, SHARE * get_settings().task_ttl / 1000))
    try:
        async with patience:
            return await answer
    except TimeoutError:
        if not patience.expired():
            raise
        raise ScorerAway(f"scorer {scorer_id} has not answered in time: it seems to hang") from None


async def _with_others(
    scorer: Scorer, questions: Sequence[Question], along: Sequence[OpenQuestion], others: Others
) -> Scored | None:
    """The answer to the first question; those to the others are put into `others`."""
    scored, *answers = await gather(*map(scorer.score, questions), return_exceptions=True)
    others += [
        (one, answer) for one, answer in zip(along, answers, strict=True) if isinstance(answer, Scored)
    ]
    if isinstance(scored, BaseException):
        raise scored
    return scored


def _tries() -> int:
    """How often the job at work has been tried, this time included."""
    job = job_at_work()
    return job.attempt if job else 1


def _keep(error: ScorerError) -> None:
    """Keep what the scorer said in the record of the job, which is done."""
    if job := job_at_work():
        for line in (str(error), *getattr(error, "__notes__", ())):
            job.log(line)


@cache
def _outage_of(scorer_id: int) -> Outage:
    return Outage(f"scorer {scorer_id}")
