"""Answers that are to come later: whatever comes back, whoever has taken the question is not asked, and paid, again."""

from __future__ import annotations

import pytest

from osmod.jobs.broker import JobBroker
from osmod.jobs.testing import drain
from osmod.moderation.models import Comment, CommentScoreRequest, OutboxEntry
from osmod.scorers import Question, Scored
from osmod.task.requests import answer_id, ask_id
from tests.actors.scorers import ToldScorer
from tests.actors.test_turns import LONG_AGO, everywhere
from tests.actors.test_turns import queue as queue
from tests.found import only
from tests.moderation.world import World

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]


@pytest.fixture
def asked(world: World, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The requests about which a scorer is asked that answers later."""
    asked: list[int] = []

    def take(question: Question) -> Scored | None:
        asked.append(question.request_id)
        return None

    monkeypatch.setattr(ToldScorer, "does", take)
    world.scorer({"endpointType": "told"})
    return asked


def forget(queue: JobBroker, *job_ids: str) -> None:
    """Have no record be left of jobs that are done, as in a worker a minute later."""
    for job_id in job_ids:
        queue.client.delete(f"dramatiq:{{default}}:job:{job_id}")


def test_a_sending_that_comes_back_while_an_answer_is_to_come(
    queue: JobBroker, world: World, asked: list[int]
) -> None:
    """As when its process died before it was known to be done, or its sender before it was known to be sent."""
    comment = world.comment(world.article())
    sending = queue.get_actor("sendCommentForScoring").message(comment_id=comment)
    queue.enqueue(sending)
    drain(queue)
    request = only(world.all(CommentScoreRequest))
    forget(queue, sending.message_id, ask_id(request.id, request.sent_at))
    queue.enqueue(sending)
    drain(queue)
    assert [request.id] == asked


def test_an_answer_that_is_owed_as_the_heartbeat_comes(
    queue: JobBroker, world: World, asked: list[int]
) -> None:
    """After an outage of Redis both sweeps are due; whichever begins, the answer is taken in."""
    comment = world.comment(world.article(world.category()))
    sending = queue.get_actor("sendCommentForScoring")
    sending.send(comment_id=comment)
    drain(queue)
    everywhere(world, CommentScoreRequest, sent_at=LONG_AGO)
    everywhere(world, Comment, sent_for_scoring=LONG_AGO)
    request = only(world.all(CommentScoreRequest))
    arguments = {
        "comment_id": comment,
        "user_id": request.user_id,
        "request_id": request.id,
        "score_data": {"scores": {}, "summaryScores": {"TOXICITY": 0.5}},
    }
    owed = {"actor": "processMachineScore", "arguments": arguments, "created_at": LONG_AGO}
    world.add(OutboxEntry(message_id=answer_id(request.id, request.sent_at), **owed))
    queue.get_actor("heartbeat").send()
    drain(queue)
    assert world.get(Comment, comment).is_scored
    assert [request.id] == asked
