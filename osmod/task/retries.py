"""Which failures of a task are tried again, how often, and after how long."""

from __future__ import annotations

from typing import Any

import redis
from dramatiq.errors import BrokerConnectionError
from dramatiq.middleware import TimeLimitExceeded
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from osmod.jobs.wire.link import passes
from osmod.moderation.errors import Refused
from osmod.scorers import BadScorerConfig, ScorerError, Unscorable

#: Failures that may pass by themselves. All others would come again, and make a dead letter at once.
TRANSIENT: tuple[type[BaseException], ...] = (
    OperationalError,
    InterfaceError,
    PoolTimeout,
    BrokerConnectionError,
    ConnectionError,
    TimeoutError,
    TimeLimitExceeded,
    ScorerError,
)


#: Failures that no further try can mend, however they are made.
_FINAL = (Refused, BadScorerConfig, Unscorable)


def retry(times: int, *, first: int, longest: int) -> dict[str, Any]:
    """Actor options: retry transient failures `times` times, waiting `first` to `longest` milliseconds."""
    return {
        "throws": _FINAL,
        "retry_when": lambda retries, error: retries < times and _may_pass(error),
        "min_backoff": first,
        "max_backoff": longest,
    }


def _may_pass(error: BaseException) -> bool:
    """Whether another try may do: also of what met a Redis that went away while it was asked something."""
    if isinstance(error, redis.RedisError):
        return passes(error)
    return isinstance(error, TRANSIENT) and not isinstance(error, _FINAL)


#: About half an hour: a database that restarts or fails over is back by then.
DATABASE_RETRIES = retry(12, first=1_000, longest=300_000)
