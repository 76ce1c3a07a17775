"""What is scored is decided before more is asked: an outage's backlog of questions holds up no answer."""

from __future__ import annotations

import pytest

from osmod.jobs.broker import JobBroker
from osmod.jobs.enqueue import enqueue
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import find
from osmod.jobs.testing import drain
from osmod.moderation.models import Comment
from osmod.scorers import Question, Scored
from tests.actors.scorers import ToldScorer, scored
from tests.actors.test_turns import queue as queue
from tests.moderation.conftest import world as world
from tests.moderation.world import World

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]


@pytest.mark.parametrize(
    ("asked", "answered"), [(None, -1), ("low", 9), ("high", -10), ("critical", -15), (-2000, -2000)]
)
def test_answers_before_questions(
    queue: JobBroker,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    asked: str | int | None,
    answered: int,
) -> None:
    """A comment is complete before the next question is asked that is as urgent; moderators' acts stay before both."""
    complete: list[int] = []

    def answer(question: Question) -> Scored | None:
        complete.append(sum(one.is_scored for one in world.all(Comment)))
        return scored(0.5)

    monkeypatch.setattr(ToldScorer, "does", answer)
    world.scorer({"endpointType": "told"})
    options = {} if asked is None else {"priority": asked}
    for _ in range(3):
        enqueue(queue.get_actor("sendCommentForScoring"), comment_id=world.comment(None), **options)
    drain(queue)
    jobs = find(queue, JobFilter(actor="processMachineScore")).jobs
    assert [answered] * 3 == [job.priority for job in jobs]
    assert complete == ([0, 1, 2] if answered > queue.get_actor("acceptComments").priority else [0, 0, 0])
    assert 3 == sum(one.is_scored for one in world.all(Comment))
