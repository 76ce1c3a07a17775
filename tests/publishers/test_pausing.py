"""How long a publisher that fails is left alone, whoever hears of it first."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from osmod.moderation.publishing.claiming import Claimed
from osmod.moderation.publishing.settling import FIRST_REST, Outcome
from tests.publishers.fake import Reply
from tests.publishers.scene import BEGAN, Scene


def claimed(scene: Scene, count: int) -> list[Claimed]:
    """So many decisions that are being told at once."""
    comments = [scene.more() for _ in range(count)]
    for comment in comments:
        scene.decide("Accept", comment)
    found = [scene.claim(comment) for comment in comments]
    return [one for one in found if one is not None]


def answered(scene: Scene, one: Claimed, outcome: Outcome) -> None:
    """One of them ends so."""
    scene.settle(one, outcome)


BUSY = Outcome(5, 429, "answered 429", retry_after=3600, away=True)
AWAY = Outcome(5, 500, "answered 500", away=True)


def test_what_was_under_way_ends_no_pause(scene: Scene) -> None:
    """A publisher that asked for an hour has it, whatever it still answers to requests that it had already."""
    first, second, *others = claimed(scene, 6)
    answered(scene, first, BUSY)
    answered(scene, second, Outcome(5, 200))
    for other in others:
        answered(scene, other, AWAY)
    assert BEGAN + timedelta(hours=1) == scene.standing().paused_until


def test_pauses_grow_whatever_it_asks_for(scene: Scene) -> None:
    """One that answers `Retry-After: 1` for days is not asked each minute."""
    scene.fake.otherwise = Reply(503, {"Retry-After": "1"})
    scene.decide("Accept")
    scene.tell()
    scene.pass_time(timedelta(days=4))
    assert ["failed"] == scene.states()
    pauses = [later - sooner for sooner, later in pairwise(attempt.at for attempt in scene.attempts())]
    assert len(pauses) < 30
    assert max(pauses) > timedelta(hours=7)


def test_what_failed_together_does_not_come_back_together(scene: Scene) -> None:
    """Of the same pause each has up to 40 % more, by chance; none has less."""
    for one in claimed(scene, 20):
        answered(scene, one, Outcome(5, 400, "answered 400"))
    moments = {row.next_attempt_at for row in scene.deliveries()}
    assert 1 < len(moments)
    assert BEGAN + timedelta(seconds=30) <= min(moments)
    assert max(moments) <= BEGAN + timedelta(seconds=42)


def test_a_pause_is_not_a_part_of_a_second_too_short(scene: Scene) -> None:
    """The database keeps whole seconds: the next one."""
    (one,) = claimed(scene, 1)
    scene.later(milliseconds=900)
    answered(scene, one, Outcome(5, 429, "answered 429", retry_after=1, away=True))
    assert BEGAN + timedelta(seconds=2) == scene.standing().paused_until


def test_what_fails_together_is_one_failure_more(scene: Scene) -> None:
    """All that was under way as a publisher went away for a moment does not have it rest for minutes."""
    for one in claimed(scene, 8):
        answered(scene, one, AWAY)
    assert BEGAN + timedelta(seconds=FIRST_REST) == scene.standing().paused_until
    scene.later(seconds=FIRST_REST)
    for one in claimed(scene, 8):
        answered(scene, one, AWAY)
    assert scene.now + timedelta(seconds=2 * FIRST_REST) == scene.standing().paused_until
