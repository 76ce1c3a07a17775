"""When a server that may have been replaced is believed."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from redis.sentinel import MasterNotFoundError

from osmod.jobs.wire.moving_routes import BELIEVED, SentinelRoute
from osmod.jobs.wire.sentinels import NoMasterNamed

OLD, NEW = ("10.0.0.1", 6379), ("10.0.0.2", 6379)


class Pool:
    """Sentinels that answer as told."""

    connection_kwargs: dict[str, Any] = {}

    def __init__(self) -> None:
        self.master_address: tuple[str, int] | None = None
        self.answers: list[tuple[str, int] | Exception] = [OLD]

    def get_master_address(self) -> None:
        """As redis-py's; the last answer is given again and again."""
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        self.master_address = answer


@pytest.fixture
def pool() -> Pool:
    """Sentinels that name the old master."""
    return Pool()


@pytest.fixture
def route(pool: Pool) -> SentinelRoute:
    """A route that has gone to the old master."""
    route = SentinelRoute(pool)  # type: ignore[arg-type]
    assert route.node(b"") == OLD
    return route


def test_a_quick_answer_is_believed(route: SentinelRoute, pool: Pool) -> None:
    """Nobody is asked about it."""
    pool.answers = [NEW]

    assert route.stands(b"", OLD, BELIEVED / 2)


@pytest.mark.parametrize(
    "said", [NEW, MasterNotFoundError("none answers"), redis.TimeoutError("nor is this one")]
)
def test_a_slow_answer_is_believed_only_if_somebody_vouches_for_it(
    route: SentinelRoute, pool: Pool, said: Any
) -> None:
    """P1: the server may have been frozen and replaced: what it stored then is deleted."""
    pool.answers = [said]

    assert not route.stands(b"", OLD, BELIEVED * 2)


def test_a_slow_answer_of_the_master_is_believed(route: SentinelRoute) -> None:
    """It was slow, and is the master still."""
    assert route.stands(b"", OLD, BELIEVED * 2)


def test_after_a_failure_quick_answers_are_asked_about_too(route: SentinelRoute, pool: Pool) -> None:
    """P1: an old master that is started again answers at once."""
    route.failed(OLD)
    pool.answers = [OLD, MasterNotFoundError("none answers")]
    assert route.node(b"") == OLD

    assert not route.stands(b"", OLD, 0.0)


def test_sentinels_that_name_nobody_are_a_reason_to_doubt(route: SentinelRoute, pool: Pool) -> None:
    """P1: a failover may be going on, and the old master be back before this process misses it."""
    route._ask_at = 0.0
    pool.answers = [NoMasterNamed("it is down")]
    assert route.node(b"") == OLD

    assert not route.stands(b"", OLD, 0.0)


def test_sentinels_that_are_away_are_none(route: SentinelRoute, pool: Pool) -> None:
    """The master may be well, and they say nothing against it."""
    route._ask_at = 0.0
    pool.answers = [MasterNotFoundError("none answers")]
    assert route.node(b"") == OLD

    assert route.stands(b"", OLD, 0.0)
