"""A rate limit that no number of processes exceeds.

::

    limit = RateLimit(broker, "perspective", limit=10, per=1000)

    with limit.acquire():        # raises RateLimitExceeded when ten have passed within the last second
        ...

On an actor, `rate_limit="10/second"` (or `/minute`, `/hour`, `/day`) does the same before each run; a job
that must wait is postponed in Redis, holds no thread meanwhile, and no attempt is counted.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from dramatiq import Broker, MessageProxy, Middleware, RateLimitExceeded
from dramatiq.middleware import SkipMessage

from osmod.jobs.errors import InvalidOption
from osmod.jobs.messages.bounds import LONGEST, RATE_PREFIX
from osmod.jobs.middleware.scripts import RATE
from osmod.jobs.queue.job import Job
from osmod.jobs.wire.link import passes
from osmod.jobs.wire.queues import Queues

#: Passes that a limit can count: Redis keeps the time of each.
MOST_PASSES = 1_000_000
#: Milliseconds after which to ask again when Redis did not answer.
AWAY = 1000

_UNITS = {"second": 1000, "minute": 60_000, "hour": 3_600_000, "day": 86_400_000}
_RATE = re.compile(r"(\d+)\s*/\s*(second|minute|hour|day)")

_log = logging.getLogger(__name__)


class RateLimit:
    """At most `limit` passes within any `per` milliseconds, by Redis's clock, over all processes.

    Parameters:
      broker: whose Redis and namespace are used.
      name: what is limited; the same name is the same limit everywhere.
      limit: passes.
      per: milliseconds.
    """

    def __init__(self, broker: Queues, name: str, *, limit: int, per: int) -> None:
        if not 1 <= limit <= MOST_PASSES or not 1 <= per <= LONGEST:
            raise InvalidOption(
                f"rate limit {name!r}: limit={limit}, per={per}: both must be at least 1, "
                f"and at most {MOST_PASSES} passes and {LONGEST} milliseconds"
            )
        self._broker = broker
        self._base = f"{broker.namespace}:{{{RATE_PREFIX}{name}}}:".encode()
        self._arguments = [b"%d" % limit, b"%d" % per]

    def wait(self) -> int:
        """Pass if possible now. Returns 0 if it was, else the milliseconds after which to ask again.

        Raises:
          ServerError, redis.RedisError, OSError: Redis is away: nothing passes uncounted.
        """
        return int(RATE.run(self._broker.links, self._base, self._arguments))

    @contextmanager
    def acquire(self, *, raise_on_failure: bool = True) -> Iterator[bool]:
        """Pass, or raise `RateLimitExceeded`; without `raise_on_failure`, give False instead."""
        passed = not self.wait()
        if raise_on_failure and not passed:
            raise RateLimitExceeded("rate limit exceeded")  # type: ignore[no-untyped-call]
        yield passed


def parse_rate(value: Any) -> tuple[int, int]:
    """A `rate_limit` option as passes and milliseconds.

    Raises:
      InvalidOption: it is not of the form `10/second`.
    """
    match = _RATE.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match[1]) < 1:
        raise InvalidOption(
            f"rate_limit={value!r}: expected, for instance, '10/second' ({', '.join(_UNITS)})"
        )
    return int(match[1]), _UNITS[match[2]]


class RateLimits(Middleware):
    """Honours the actor option `rate_limit`: a job over the rate goes back to Redis until it may run."""

    @property
    def actor_options(self) -> set[str]:
        """Adds `rate_limit`."""
        return {"rate_limit"}

    def __init__(self) -> None:
        self._limits: dict[str, RateLimit] = {}

    def before_declare_actor(self, broker: Broker, actor: Any) -> None:
        """Make the actor's limit, so that a wrong one is seen as the actor is declared."""
        if "rate_limit" in actor.options:
            limit, per = parse_rate(actor.options["rate_limit"])
            self._limits[actor.actor_name] = RateLimit(
                broker,  # type: ignore[arg-type]
                actor.actor_name,
                limit=limit,
                per=per,
            )

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        """Let the job run, or postpone it.

        Raises:
          SkipMessage: it must wait.
        """
        limit = self._limits.get(message.actor_name)
        if limit is None:
            return
        try:
            wait = limit.wait()
        except (redis.RedisError, OSError) as error:
            # Whether it may pass is not known, so it must not. (An error would let it: Dramatiq only logs those.)
            wait = AWAY
            if not passes(error):
                _log.warning("%s waits, since its rate is not known: %s", message.actor_name, error)
        if wait and isinstance(message, Job):
            message.postpone(wait, reason := f"over the rate of {message.actor_name}")
            raise SkipMessage(f"{reason}; again in {wait} ms")
