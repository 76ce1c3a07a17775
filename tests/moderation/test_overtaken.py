"""A job that failed and is run again does not override what a moderator has decided meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from osmod.moderation import decisions
from osmod.moderation.decisions import Act
from osmod.moderation.errors import Conflict
from osmod.moderation.models import Decision
from osmod.moderation.work import Delivery, Work
from tests.moderation.world import World

FAILED = datetime(2026, 11, 2, 12, 0, 0, 500_000, tzinfo=UTC)
RETRIED = FAILED + timedelta(hours=1)
Effect = Callable[[Work, list[Act]], None]
EFFECTS: dict[str, Effect] = {
    "approve": lambda work, acts: decisions.decide(work, "Accept", acts),
    "highlight": decisions.highlight,
    "reset": decisions.reset,
}


def run(world: World, effect: Effect, *comments: int, user: int, again: bool = True, job: str = "job") -> Any:
    """Run a job of theirs that failed at noon and was had run again at one."""
    away = (FAILED, RETRIED) if again else None
    return world.do(
        lambda work: effect(work, [Act(one, user) for one in comments]), Delivery(job, "some", away)
    )


def decided(world: World, comment: int, moment: datetime, **columns: Any) -> None:
    """Somebody rejected it."""
    world.add(
        Decision(comment_id=comment, status="Reject", is_current_decision=True, created_at=moment, **columns)
    )


@pytest.mark.parametrize("name", EFFECTS)
def test_what_was_decided_meanwhile_stays(world: World, name: str) -> None:
    """Whatever the job would do; the error says who decided what, and when."""
    user, other, comment = world.user(), world.user(), world.comment(world.article())
    decided(world, comment, FAILED + timedelta(minutes=1), source="User", user_id=other)
    with pytest.raises(Conflict) as refused:
        run(world, EFFECTS[name], comment, user=user)
    assert (
        f"comment {comment} is left as it is: after this job had failed, and before it was run again, user {other} "
        "decided Reject (2026-11-02 12:01:00); who means it otherwise decides anew"
    ) == str(refused.value)
    assert 1 == world.size(Decision)


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    ("moment", "again", "columns"),
    [
        (FAILED - timedelta(minutes=1), True, {}),
        (RETRIED + timedelta(seconds=1), True, {}),
        (FAILED + timedelta(minutes=1), False, {}),
        (FAILED + timedelta(minutes=1), True, {"source": "Rule", "user_id": None}),
    ],
    ids=["before it failed", "since it waits again", "it was not retried", "by a rule"],
)
def test_what_else_was_decided(world: World, moment: datetime, again: bool, columns: dict[str, Any]) -> None:
    """Is decided anew: what was decided before the job failed, or is done in its turn, it may follow upon."""
    user, comment = world.user(), world.comment(world.article())
    decided(world, comment, moment, **{"source": "User", "user_id": world.user()} | columns)
    run(world, EFFECTS["approve"], comment, user=user, again=again)
    assert 2 == world.size(Decision)


@pytest.mark.only_on("sqlite")
def test_another_comment(world: World) -> None:
    """Is not concerned."""
    user, article = world.user(), world.article()
    one, other = world.comment(article), world.comment(article)
    decided(world, other, FAILED + timedelta(minutes=1), source="User", user_id=user)
    run(world, EFFECTS["approve"], one, user=user)
    assert 2 == world.size(Decision)
