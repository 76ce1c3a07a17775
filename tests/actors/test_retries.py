"""Which failures of a job are tried again."""

from __future__ import annotations

from typing import Any

import dramatiq
import pytest
import redis
from dramatiq import broker as global_broker

import actors
from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import RedisUnusable
from osmod.jobs.gate import Gate, GateLimits
from osmod.jobs.wire.resp import ServerError
from osmod.task.requests import still_queued

EVERY = [getattr(actors, name) for name in actors.__all__]


@pytest.mark.parametrize("actor", EVERY, ids=lambda actor: str(actor.actor_name))
def test_redis_that_went_away_while_a_job_ran(actor: dramatiq.Actor[..., Any]) -> None:
    """A job that asks the queue something is tried again once that is back, whatever it met."""
    is_retried = actor.options["retry_when"]
    passing = [redis.ConnectionError(), redis.TimeoutError(), ServerError("LOADING Redis is loading")]
    assert [True] * 3 == [is_retried(0, error) for error in passing]
    lasting = [
        RedisUnusable("no such user"),
        ServerError("NOPERM this user has no permissions"),
        ValueError(),
    ]
    assert [False] * 3 == [is_retried(0, error) for error in lasting]


def test_what_the_queue_is_asked_while_it_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a job is queued, and how its scorer's gate stands: neither is known, and the job is tried again."""
    broker = JobBroker(url="redis://127.0.0.1:1")
    monkeypatch.setattr(global_broker, "global_broker", broker)
    is_retried = actors.heartbeat.options["retry_when"]
    for ask in (lambda: still_queued(["an id"]), Gate(broker, "scorer:1", GateLimits()).state):
        with pytest.raises(redis.RedisError) as raised:
            ask()
        assert is_retried(0, raised.value)
