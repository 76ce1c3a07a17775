"""Jobs whose worker died, as Redis has them."""

from __future__ import annotations

import threading
from typing import Any

import dramatiq

from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.scripts import EXCHANGE


def suspect(broker: JobBroker, *ids: str, most: object = "") -> None:
    """Note that workers died with these, and in what company they may run: any, unless it is said."""
    for one in ids:
        broker.client.hset(key(broker, one), mapping={"special": 1, "suspect": 1, "most": str(most)})


def key(broker: JobBroker, job_id: str) -> bytes:
    """Where a job's record is."""
    return broker.key_base("default") + b"job:" + job_id.encode()


def field(broker: JobBroker, job_id: str, field: str) -> str:
    """What stands in a job's record; '' if nothing does."""
    found: Any = broker.client.hget(key(broker, job_id), field)
    return (found or b"").decode()


def companies(broker: JobBroker, ids: list[str]) -> list[str]:
    """What is noted of each: beside how many it runs."""
    return [field(broker, one, "begun").rpartition(" ")[2] for one in ids]


def lose(broker: JobBroker) -> None:
    """All leases run out: whoever had them has died."""
    base = broker.key_base("default")
    leases: Any = broker.client.zrange(base + b"active", 0, -1)
    broker.client.zadd(base + b"active", dict.fromkeys(leases, 1))
    EXCHANGE.run(broker.links, base, [*broker.custody.terms, b"", b"0"])


class Visits:
    """An actor whose jobs hold a thread until they are let go."""

    def __init__(self, **options: Any) -> None:
        self.begun: list[int] = []
        self._gates = {number: threading.Event() for number in range(10)}

        @dramatiq.actor(max_retries=0, **options)
        def visit(number: int) -> None:
            self.begun.append(number)
            assert self._gates[number].wait(120)

        self.visit = visit

    def let_go(self, *numbers: int) -> None:
        """Have these end; without any, all."""
        for number in numbers or self._gates:
            self._gates[number].set()
