"""The short form of `python -m tests.chaos.comments`, and that it would see what it looks for."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from osmod.moderation.models import CommentScoreRequest, DecisionDelivery, now
from tests.chaos.comments.ends import Ends
from tests.chaos.comments.trial import Terms, Trial
from tests.chaos.comments.verdict import Verdict, judge_deliveries, judge_requests
from tests.chaos.comments.watch import Watch
from tests.chaos.targets import Harm, SingleTarget
from tests.moderation.world import World
from tests.publishers.conftest import fake as fake
from tests.publishers.conftest import scene as scene
from tests.publishers.fake import Fake
from tests.publishers.scene import Scene
from tests.scorers.fake import serving


class BriefTarget(SingleTarget):
    """A server that is killed, and a network that loses answers; nothing that takes its time."""

    def harms(self) -> list[Harm]:
        """Each takes a second at most."""
        return [self.kill_server, self.lose_answers, self.reset_connections]


@pytest.mark.only_on("mariadb")
def test_every_decision_reaches_its_publisher(engine: Engine) -> None:
    """Whatever is killed and fails: each decision is told, in order, signed; no scorer answers for nothing."""
    spans: dict[str, Any] = {"hurry": 30, "pauses": (0.1, 0.3), "spell": 0.2, "patience": 40, "calm_at": 9}
    terms = Terms(60, seed=7, rate=15, kind=BriefTarget, **spans)
    verdict = Trial(engine, terms).run()

    assert {} == verdict.wrong, str(verdict)
    assert 60 == verdict.comments == verdict.decided, str(verdict)
    assert verdict.decisions == verdict.delivered + verdict.replaced, str(verdict)
    assert 60 < verdict.acts <= verdict.decisions, str(verdict)
    assert verdict.faults["kill pool"]
    assert verdict.faults["kill server"]


def test_disorder_and_bad_signatures_are_seen() -> None:
    """An older decision after a newer one, told again or not; a signature by another secret."""
    hears = Fake("")
    for comment, number in ((1, 1), (2, 1), (1, 2), (1, 2), (1, 1)):
        _hear(hears, comment, number)
    verdict = Verdict()
    judge_requests(verdict, hears.received)

    assert ["comment 1: 1 after 2"] == verdict.order_broken
    assert 5 == len(verdict.bad_signatures)


def test_news_that_was_not_told_is_seen(scene: Scene) -> None:
    """Decisions that wait, that are said to be told and were not, or that are owed to nobody."""
    scene.decide("Accept")
    assert ["waiting"] == [_fate_of(found) for found in _judged(scene).unsettled]
    scene.age(DecisionDelivery, state="delivered")
    assert ["delivered"] == [_fate_of(found) for found in _judged(scene).lost]
    scene.age(DecisionDelivery, state="superseded")
    assert ["superseded"] == [_fate_of(found) for found in _judged(scene).lost]
    scene.age(DecisionDelivery, decision_id=7)
    assert "news of decision 1 owed 0 times" in _judged(scene).lost


def test_news_that_was_told_is_well(scene: Scene) -> None:
    """Nothing is wrong with a decision that its publisher took, unless the comment does not say so."""
    scene.decide("Accept")
    scene.tell()
    assert {} == _judged(scene).wrong


@pytest.mark.only_on("sqlite")
def test_a_scorer_asked_for_what_is_stored_is_seen(world: World) -> None:
    """Asked before the answer was stored: well. Asked after that: not."""
    comment = world.comment(world.article())
    request = {"comment_id": comment, "user_id": world.scorer(), "sent_at": now()}
    with serving() as scorer, httpx.Client(timeout=60) as client:
        Ends(scorer, Fake(""), spell=0, slow=0)
        watch = Watch(world, scorer)
        _ask(client, scorer.url)
        world.add(CommentScoreRequest(**request, done_at=now()))
        watch.look()
        assert [] == watch.asked_twice
        _ask(client, scorer.url)
        watch.look()
        assert 1 == len(watch.asked_twice)


def _ask(client: httpx.Client, url: str) -> None:
    asked = {"comment": {"text": "comment 5"}, "clientToken": "trial_request1"}
    assert 200 == client.post(f"{url}/one", json=asked).status_code


def _hear(hears: Fake, comment: int, number: int) -> None:
    content = {"data": {"comment": {"id": comment}, "sequence": number}}
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "1", "webhook-signature": "v1,c2lnbmVk"}
    hears.take(headers, json.dumps(content).encode())


def _judged(scene: Scene) -> Verdict:
    verdict = Verdict()
    judge_deliveries(verdict, scene.world, scene.fake.received)
    return verdict


def _fate_of(found: str) -> str:
    """The state that a finding names."""
    return found.partition(", is ")[2].split(" ")[0].rstrip(",")
