"""Jobs leased by a call whose answer was lost, as the next call finds them."""

from __future__ import annotations

import dramatiq

from osmod.jobs import steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.scripts import EXCHANGE, RECLAIM
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.steering.invariants import check
from tests.queue_counts import queue_counts


def test_jobs_taken_back_are_at_their_old_places_but_for_those_cancelled_meanwhile(broker: JobBroker) -> None:
    """What nobody knows to hold waits again, in order; what was asked to stop has stopped; others' leases stay."""
    note = dramatiq.actor(actor_name="note")(lambda name: None)
    elsewhere, first, unwanted, last = (
        note.send(name) for name in ("elsewhere", "first", "unwanted", "last")
    )
    base = broker.key_base("default")
    EXCHANGE.run(broker.links, base, [*broker.custody.terms, b"another:1", b"1"])
    EXCHANGE.run(broker.links, base, [*broker.custody.terms, b"lost:1", b"2"])
    asked = steering.cancel(broker, JobFilter(ids=(unwanted.message_id,)))
    assert (0, 1) == (asked.cancelled, asked.interrupting), "it counts as running"

    assert 1 == RECLAIM.run(broker.links, base, [b"lost:1", b"%d" % broker.dead_message_ttl])

    assert [first.message_id.encode(), last.message_id.encode()] == broker.client.zrange(
        base + b"ready", 0, -1
    )
    assert [f"{elsewhere.message_id} another:1".encode()] == broker.client.zrange(base + b"active", 0, -1)
    counts = queue_counts(broker, "default")
    assert (2, 1, 1) == (counts.waiting, counts.active, counts.cancelled)
    assert [] == check(broker)
    assert 0 == RECLAIM.run(broker.links, base, [b"lost:1", b"%d" % broker.dead_message_ttl]), (
        "once is enough"
    )
