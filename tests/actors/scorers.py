"""A comment and its scorers: a service that answers as it is told, or one in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

import dramatiq
import pytest

from osmod.moderation.models import Comment, CommentScore, CommentScoreRequest, Decision, now
from osmod.scorers import ENDPOINT_TYPES, Question, Scored
from osmod.scorers.config import Config
from tests.actors.jobs import Jobs
from tests.golden.fake_scorer import FakeScorer, fake_scorer
from tests.moderation.world import World

ANSWER = {
    "status": 200,
    "body": {
        "attributeScores": {
            "TOXICITY": {
                "spanScores": [{"begin": 0, "end": 4, "score": {"value": 0.9}}],
                "summaryScore": {"value": 0.9},
            }
        }
    },
}
HARMLESS = {
    "status": 200,
    "body": {"attributeScores": {"TOXICITY": {"spanScores": [], "summaryScore": {"value": 0.1}}}},
}
BUSY = {"status": 503, "body": {}}
UNCONFIGURED = {"endpointType": "perspective-api"}
#: What scorers in this process are, in `ENDPOINT_TYPES`.
TOLD = "tests.actors.scorers:ToldScorer"


class ToldScorer:
    """A scorer in this process, without HTTP: whatever the test says is what it `does`."""

    does: ClassVar[Callable[[Question], Scored | None]] = lambda question: None

    def __init__(self, user_id: int, config: Mapping[str, Any]) -> None:
        self.limits = replace(Config(user_id, config).limits(), batch=config.get("batch", 1))

    async def score(self, question: Question) -> Scored | None:
        """See `Scorer`."""
        return type(self).does(question)


def scored(toxicity: float) -> Scored:
    """An answer without spans."""
    return Scored({"scores": {}, "summaryScores": {"TOXICITY": toxicity}})


@pytest.fixture
def told(world: World, monkeypatch: pytest.MonkeyPatch) -> int:
    """A comment that a scorer in this process is asked about, within ten seconds."""
    monkeypatch.setitem(ENDPOINT_TYPES, "told", TOLD)
    world.scorer({"endpointType": "told", "deadline": 10})
    return world.comment(world.article(world.category()))


@pytest.fixture
def service() -> Iterator[FakeScorer]:
    """A scoring service that answers by user id."""
    with fake_scorer() as fake:
        yield fake


@pytest.fixture
def comment(world: World, service: FakeScorer) -> int:
    """A comment with two scorers (1 and 2), and a rule that rejects what they say."""
    for number in (1, 2):
        world.scorer(config(service, number))
    service.begin({"1": {"default": ANSWER}, "2": {"default": ANSWER}})
    world.rule(world.tag("TOXICITY"), 0.5, 1, "Reject")
    return world.comment(world.article(world.category()))


def config(service: FakeScorer, number: int) -> dict[str, Any]:
    """A scorer's `users.extra`."""
    return {
        "endpointType": "perspective-api",
        "endpoint": f"http://{service.host}/s/{number}/analyze",
        "apiKey": "key",
        "userAgent": "osmod",
        "attributes": {"TOXICITY": {}},
    }


def ask(jobs: Jobs) -> None:
    """Run the jobs that ask; the answers are in the queue then. What one of them raises is raised once all have run."""
    failed = None
    for message in jobs.take():
        try:
            jobs.broker.process(message)
        except Exception as error:  # noqa: BLE001 - raised below
            failed = error
    if failed is not None:
        raise failed


def tried(message: dramatiq.Message[Any], times: int) -> dramatiq.Message[Any]:
    """A job that has failed so often."""
    return message.copy(options=message.options | {"retries": times})


def settled(world: World, comment: int) -> None:
    """The comment is scored by both, decided once and counted right."""
    assert world.get(Comment, comment).is_accepted is False
    assert [True] == [decision.is_current_decision for decision in world.all(Decision)]
    assert [1, 2] == sorted(score.user_id or 0 for score in world.all(CommentScore))
    assert [1, 2] == sorted(request.user_id or 0 for request in world.all(CommentScoreRequest))
    assert all(request.done_at for request in world.all(CommentScoreRequest))
    assert [] == world.miscounted()


def many_asked(world: World, scorer: int, number: int) -> None:
    """Requests 1 to `number` to a scorer, about as many comments of one article, uncounted."""
    article = world.article()
    texts = {"article_id": article, "author_source_id": "ann", "text": "Well said", "author": {}}
    world.bulk(Comment, [{"source_id": f"c{n}", **texts} for n in range(number)])
    asked = [{"comment_id": n + 1, "user_id": scorer, "sent_at": now()} for n in range(number)]
    world.bulk(CommentScoreRequest, asked)
