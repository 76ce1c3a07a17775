"""Tidying what is kept of jobs. Nothing grows without it; it only frees sooner what would be freed in time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from osmod.jobs.queue.presence import known_queues, workers
from osmod.jobs.records.indexes import index_names
from osmod.jobs.wire.queues import Queues
from osmod.jobs.wire.scripts import Script

_LUA = Path(__file__).parent / "lua"
_PRUNE, _SWEEP = Script(_LUA / "prune.lua"), Script(_LUA / "sweep.lua")

#: Milliseconds for which acts stay in the audit log: 90 days.
KEEP_ACTS = 90 * 86_400_000
#: Ids of an index looked at in one step.
_STRETCH = 1_000


@dataclass(frozen=True)
class Pruned:
    """What was dropped: entries of jobs whose records expired, ids in indexes, acts of the audit log."""

    jobs: int
    index_entries: int
    acts: int


def prune(broker: Queues) -> Pruned:
    """Drop what outlived its time in every known queue: in steps, beside working workers. Returns how much.

    How long finished and failed jobs are kept is the broker's setting.
    """
    keeps = [b"%d" % keep for keep in (broker.done_ttl, broker.dead_message_ttl, KEEP_ACTS)]
    jobs = acts = entries = 0
    for queue_name in known_queues(broker):
        dropped = _PRUNE.run(broker.links, broker.key_base(queue_name), keeps)
        jobs, acts = jobs + dropped[0], acts + dropped[1]
        for index in index_names(broker, queue_name):
            entries += _sweep(broker, queue_name, index)
    workers(broker)  # Forgets those that fell silent.
    return Pruned(jobs, entries, acts)


def _sweep(broker: Queues, queue_name: str, index: str) -> int:
    dropped = rank = 0
    while rank >= 0:
        arguments = [index.encode(), b"%d" % rank, b"%d" % _STRETCH]
        gone, rank = _SWEEP.run(broker.links, broker.key_base(queue_name), arguments)
        dropped += gone
    return dropped
