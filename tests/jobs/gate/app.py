"""Jobs that ask a service of 200 requests a second, which notes by its own clock when each arrives."""

from __future__ import annotations

import os
import time
from typing import Any

import dramatiq

from osmod.jobs.gate import Gate, GateLimits, Outcome
from tests.jobs.brokers import boot

PER_SECOND = 200
#: What the service counts: Redis, which has one clock for all.
ARRIVE = "local at = redis.call('TIME') return string.format('%.3f', at[1] * 1000 + at[2] / 1000)"

broker = boot(os.environ["CHAOS_URL"], lease=60_000)
gate = Gate(broker, "service", GateLimits(per_second=PER_SECOND, concurrency=50), hold=60_000)


@dramatiq.actor(max_retries=0)
def ask(number: int) -> None:
    """Ask it once."""
    broker.client.incr("woken")
    began = time.monotonic()
    gate.enter(str(number))
    at: Any = broker.client.eval(ARRIVE, 0)
    took = 1000 * (time.monotonic() - began)
    broker.client.rpush("arrivals", f"{at.decode()} {took}")
    broker.client.sadd("answered", number)
    gate.leave(str(number), Outcome.ok())
