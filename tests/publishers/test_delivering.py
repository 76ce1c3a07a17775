"""Decisions on their way to a publisher: each once, in order, again until it has heard, nothing for what was undone."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import update

from osmod.moderation import decisions
from osmod.moderation.errors import Refused
from osmod.moderation.models import Comment, Decision, DecisionDelivery, OutboxEntry
from osmod.moderation.publishing import steering
from osmod.moderation.publishing.claiming import LEASE
from osmod.moderation.publishing.steering import Replay
from osmod.moderation.work import Work
from tests.found import only
from tests.publishers.fake import Reply
from tests.publishers.scene import BEGAN, Scene

DOWN = Reply(500, body=b"out of order")


def test_a_decision_is_told(scene: Scene) -> None:
    """The publisher hears what was decided on which of its comments, by whom; nothing of the comment's text."""
    scene.decide("Reject")
    assert [("deliverDecision", {"comment_id": scene.comment})] == [
        (row.actor, row.arguments) for row in scene.world.all(OutboxEntry)
    ]
    scene.tell()
    received = only(scene.fake.received)
    assert {
        "type": "comment.rejected",
        "timestamp": "2026-11-02T12:00:00Z",
        "data": {
            "comment": {
                "id": scene.comment,
                "sourceId": f"c{scene.comment}",
                "articleId": 1,
                "articleSourceId": received.content["data"]["comment"]["articleSourceId"],
            },
            "decision": {"id": 1, "status": "Reject"},
            "by": {"type": "moderator", "userId": scene.moderator},
            "sequence": 1,
        },
    } == received.content
    assert "Well said" not in str(received)
    assert ["delivered"] == scene.states()
    assert scene.now == scene.sent_back() == scene.world.get(Decision, 1).sent_back_to_publisher
    attempt = only(scene.attempts())
    assert (200, None, "thank you", BEGAN) == (attempt.status, attempt.error, attempt.answer, attempt.at)
    scene.tell()
    assert 1 == len(scene.fake.received)


def test_a_rule_gives_its_reasons(scene: Scene) -> None:
    """Of a rule's decision the publisher hears the rule and the scores, as they were when it decided."""
    tag = scene.world.tag("TOXICITY")
    rule = scene.world.rule(tag, 0.5, 1, "Reject")
    scorer = scene.world.scorer()
    scene.world.asked(scene.comment, scorer)
    scene.score(scorer, {"TOXICITY": 0.9})
    scene.tell()
    assert {
        "type": "rule",
        "rule": {
            "id": rule,
            "attribute": "TOXICITY",
            "lowerThreshold": 0.5,
            "upperThreshold": 1,
            "action": "Reject",
        },
        "scores": {"TOXICITY": 0.9},
    } == scene.fake.received[0].content["data"]["by"]


def test_in_order(scene: Scene) -> None:
    """Decisions on a comment are told one after the other, each with its number."""
    for status in ("Accept", "Reject", "Defer"):
        scene.decide(status)
    scene.tell()
    assert [(1, "Accept"), (2, "Reject"), (3, "Defer")] == scene.fake.told
    assert 3 == len({one.id for one in scene.fake.received})


def test_a_failed_one_gives_way(scene: Scene) -> None:
    """A decision that could not be delivered is replaced by a newer one, and not told after it."""
    scene.fake.script.append(DOWN)
    scene.decide("Accept")
    scene.tell()
    assert ["waiting"] == scene.states()
    scene.decide("Reject")
    scene.tell()
    scene.pass_time(timedelta(days=1))
    assert [(1, "Accept"), (2, "Reject")] == scene.fake.told
    assert ["superseded", "delivered"] == scene.states()


def test_down_for_an_hour(scene: Scene) -> None:
    """A publisher that is away for an hour hears all of it soon after, and is not asked too often meanwhile."""
    comments = [scene.comment, *(scene.more() for _ in range(9))]
    scene.fake.otherwise = DOWN
    for comment in comments:
        scene.decide("Accept", comment)
        scene.tell(comment)
    scene.pass_time(timedelta(hours=1))
    assert ["waiting"] * 10 == scene.states()
    # At most one probe every five minutes, after those with which it began.
    assert len(scene.fake.received) <= 10 + 3 + 60 / 5 + 10
    scene.fake.otherwise = Reply()
    scene.pass_time(timedelta(hours=2, minutes=30))
    assert ["delivered"] * 10 == scene.states()
    assert (0, None) == (scene.standing().failures, scene.standing().paused_until)


def test_given_up_after_three_days(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """Pauses grow; after three days the delivery has failed, an operator is told, and can have it told again."""
    scene.fake.otherwise = DOWN
    scene.decide("Accept")
    scene.tell()
    scene.pass_time(timedelta(days=4))
    assert ["failed"] == scene.states()
    moments = [attempt.at for attempt in scene.attempts()]
    assert BEGAN + timedelta(days=3) == moments[-1]
    pauses = [later - sooner for sooner, later in pairwise(moments[:-1])]
    assert 10 < len(pauses) < 30
    assert pauses[0] < timedelta(minutes=2) < timedelta(hours=7) < pauses[-1]
    assert {"out of order"} == {attempt.answer for attempt in scene.attempts()}
    assert (
        f"delivery 1 to publisher {scene.owner} is given up: {scene.fake.url} answered 500; "
        "`osmod publishers replay 1` tells it again"
    ) in caplog.messages
    scene.fake.otherwise = Reply()
    assert 1 == scene.do(lambda work: steering.replay(work.session, Replay(), scene.now))
    scene.later(minutes=10)  # the publisher has its rest
    scene.sweep()
    assert ["delivered"] == scene.states()
    assert 1 == len({one.id for one in scene.fake.received})


def test_a_newer_decision_takes_the_place_of_one_that_was_given_up(scene: Scene) -> None:
    """There is nothing left to replay then."""
    scene.fake.script.append(DOWN)
    scene.decide("Accept")
    scene.tell()
    scene.age(DecisionDelivery, state="failed")
    scene.decide("Reject")
    scene.tell()
    assert ["superseded", "delivered"] == scene.states()


def test_gone(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """410 disables the publisher: nothing more is sent, nothing is lost, `enable` has all of it told."""
    scene.fake.script.append(Reply(410))
    other = scene.more()
    scene.decide("Accept")
    scene.decide("Reject", other)
    scene.tell()
    scene.tell(other)
    scene.pass_time(timedelta(days=10))
    assert ["held", "held"] == scene.states()
    assert 1 == len(scene.fake.received)
    assert "wants no more news" in scene.standing().reason
    assert any(f"`osmod publishers enable {scene.owner}`" in said for said in caplog.messages)
    assert 2 == scene.do(lambda work: steering.enable(work.session, scene.owner, scene.now))
    scene.sweep()
    assert ["delivered", "delivered"] == scene.states()


def test_disabled_by_an_operator(scene: Scene) -> None:
    """What is decided meanwhile is held; enabled, the publisher hears it in order."""
    assert scene.do(lambda work: steering.disable(work.session, scene.owner, "moving house", scene.now))
    assert not scene.do(lambda work: steering.disable(work.session, scene.owner, "again", scene.now))
    scene.decide("Accept")
    scene.tell()
    scene.decide("Reject")
    scene.tell()
    assert (["held", "held"], []) == (scene.states(), scene.fake.received)
    scene.do(lambda work: steering.enable(work.session, scene.owner, scene.now))
    assert scene.do(lambda work: steering.enable(work.session, scene.owner, scene.now)) is None
    scene.sweep()
    assert [(1, "Accept"), (2, "Reject")] == scene.fake.told


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after(scene: Scene, status: int) -> None:
    """The publisher is left alone for as long as it asks, with all of its comments."""
    other = scene.more()
    scene.fake.script.append(Reply(status, {"Retry-After": "600"}))
    scene.decide("Accept")
    scene.tell()
    scene.decide("Accept", other)
    scene.tell(other)
    scene.later(seconds=590)
    scene.sweep()
    assert 1 == len(scene.fake.received)
    scene.pass_time(timedelta(minutes=30))
    assert ["delivered", "delivered"] == scene.states()


def test_only_events_that_are_wanted(scene: Scene) -> None:
    """`events` says which; of the others no delivery is made."""
    wanted = scene.fake.webhook | {"events": ["comment.rejected"]}
    owner = scene.world.user(group="service", extra={"webhook": wanted})
    comment = scene.more(owner_id=owner)
    scene.decide("Accept", comment)
    scene.decide("Reject", comment)
    scene.tell(comment)
    assert [(2, "Reject")] == scene.fake.told


def test_nothing_is_told_of_what_was_rolled_back(scene: Scene) -> None:
    """A decision that is not committed leaves no delivery and no job."""

    def refused(work: Work) -> None:
        decisions.decide(work, "Accept", [decisions.Act(scene.comment, scene.moderator)])
        raise Refused("no")

    with pytest.raises(Refused):
        scene.do(refused)
    assert ([], []) == (scene.deliveries(), scene.world.all(OutboxEntry))


def test_a_decision_that_cannot_be_owed_is_none(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are one transaction: no decision is committed of which nobody would hear."""

    def owe(*_: object) -> None:
        raise Refused("no")

    monkeypatch.setattr(decisions, "owe", owe)
    with pytest.raises(Refused):
        scene.decide("Accept")
    assert [] == scene.world.all(Decision)
    assert not scene.world.get(Comment, scene.comment).is_moderated


def test_highlighting_tells_nothing(scene: Scene) -> None:
    """OSMod records no decision of a highlight, so there is none to tell (quirk 6)."""
    scene.do(lambda work: decisions.highlight(work, [decisions.Act(scene.comment, None)]))
    assert [] == scene.deliveries()


def test_a_config_that_is_spoilt_is_an_attempt(scene: Scene) -> None:
    """What is wrong with it is with the attempts; once it is right, the decision is told."""
    owner = scene.world.user(group="service", extra={"webhook": {"url": "cms.example"}})
    comment = scene.more(owner_id=owner)
    scene.decide("Accept", comment)
    scene.tell(comment)
    attempt = only(scene.attempts())
    assert attempt.error is not None
    assert attempt.error.startswith(f"publisher {owner}: webhook.url must be the address that takes the news")
    scene.set_extra(owner, {"webhook": scene.fake.webhook})
    scene.pass_time(timedelta(minutes=5))
    assert ["delivered"] == scene.states()


def test_an_older_decision_is_never_replayed(scene: Scene) -> None:
    """Of a comment's decisions only the newest can be told again."""
    scene.decide("Accept")
    scene.decide("Reject")
    scene.tell()
    assert 0 == scene.do(lambda work: steering.replayable(work.session, Replay(ids=(1,))))
    assert 1 == scene.do(lambda work: steering.replay(work.session, Replay(ids=(1, 2)), scene.now))
    scene.sweep()
    assert [(1, "Accept"), (2, "Reject"), (2, "Reject")] == scene.fake.told


def test_an_older_decision_that_waits_again_is_never_told(scene: Scene) -> None:
    """It has been replayed as its comment's newest, while the next one was decided and told."""
    scene.decide("Accept")
    scene.tell()
    scene.age(DecisionDelivery, state="failed", failures=9)
    scene.decide("Reject")
    scene.tell()
    with scene.world.engine.begin() as connection:
        again = {"state": "waiting", "failures": 0, "settled_at": None, "next_attempt_at": scene.now}
        connection.execute(update(DecisionDelivery).where(DecisionDelivery.id == 1).values(**again))
    scene.tell()
    assert [(1, "Accept"), (2, "Reject")] == scene.fake.told
    assert ["superseded", "delivered"] == scene.states()


def test_a_dead_worker_holds_up_nothing_for_long(scene: Scene) -> None:
    """A claim whose worker died is taken over when its time is up, and the decision told with the same id."""
    scene.decide("Accept")
    claimed = scene.claim()
    assert claimed is not None
    scene.sweep()
    scene.tell()
    assert [] == scene.fake.received
    scene.now += LEASE
    scene.sweep()
    assert [claimed.message_id] == [one.id for one in scene.fake.received]
    assert ["delivered"] == scene.states()
