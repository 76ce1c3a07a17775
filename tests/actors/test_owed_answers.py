"""Answers of scorers that come while the queue takes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from dramatiq import Message

from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import JobNotQueued
from osmod.jobs.testing import drain
from osmod.moderation.models import Comment, CommentScoreRequest, OutboxEntry, now
from osmod.task.requests import is_answered
from tests.actors.scorers import ToldScorer, scored
from tests.actors.test_turns import LONG_AGO, everywhere
from tests.actors.test_turns import queue as queue
from tests.moderation.world import World

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]


def test_an_answer_that_the_queue_does_not_take(
    queue: JobBroker, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is owed, and queued by the sweep once Redis is back: the scorer is not asked, and paid, again."""
    scorer = world.scorer({"endpointType": "told"})
    comment = world.comment(world.article(world.category()))
    sent_at = now().replace(microsecond=0)
    world.add(CommentScoreRequest(comment_id=comment, user_id=scorer, sent_at=sent_at))
    monkeypatch.setattr(ToldScorer, "does", lambda _question: scored(0.5))

    def takes_none(message: Message[Any], **_options: Any) -> Any:
        raise JobNotQueued(f"{message.actor_name}: Redis does not answer")

    assert not is_answered(1, sent_at)
    for _ in range(2):  # a job that comes back while Redis is away still
        with monkeypatch.context() as away:
            away.setattr(queue, "enqueue", takes_none)
            queue.get_actor("askScorer")(request_id=1)
    assert is_answered(1, sent_at)
    everywhere(world, OutboxEntry, created_at=LONG_AGO)
    queue.get_actor("sweepOutbox")()
    drain(queue)
    assert world.get(Comment, comment).is_scored
    assert [] == world.all(OutboxEntry)
