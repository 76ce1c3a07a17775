"""Leases of a process that holds very many jobs."""

from __future__ import annotations

from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.scripts import EXTEND


def test_any_number_of_leases_is_extended_at_once(broker: JobBroker) -> None:
    """Twenty thousand held jobs keep their leases in one call; one that is not held any more is named."""
    base = broker.key_base("default")
    held = [(b"job-%d" % number, b"token") for number in range(20_000)]
    broker.client.zadd(base + b"active", {b"%s %s" % pair: 1 for pair in held})
    pairs = [part for pair in [*held, (b"gone", b"token")] for part in pair]

    assert [b"gone"] == EXTEND.run(broker.links, base, [b"15000", *pairs])
    assert 0 == broker.client.zcount(base + b"active", 0, 1)
