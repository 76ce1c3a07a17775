"""What failed, gathered: by actor and error class."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from osmod.jobs.queue.presence import known_queues
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.reading import get_job
from osmod.jobs.records.record import JobRecord
from osmod.jobs.wire.queues import Queues
from osmod.jobs.wire.scripts import Script

_GROUPS = Script(Path(__file__).parent / "lua" / "groups.lua")

#: Failed jobs looked at in one call, which holds others up for some milliseconds, and in all.
STEP = 1_000
SCAN = 100_000


@dataclass(frozen=True)
class FailureGroup:
    """Failed jobs of one queue and actor that failed by one class of error.

    Attributes:
      oldest, newest: when the first and the last of them failed.
      example: the last of them; None if it is gone by now.
    """

    queue: str
    actor: str
    error: str
    count: int
    oldest: datetime
    newest: datetime
    example: JobRecord | None

    def as_dict(self) -> dict[str, Any]:
        """The group in values that JSON has."""
        example = self.example
        return {
            "queue": self.queue,
            "actor": self.actor,
            "error": self.error,
            "count": self.count,
            "oldest": self.oldest.isoformat(timespec="milliseconds"),
            "newest": self.newest.isoformat(timespec="milliseconds"),
            "example": example.id if example else None,
            "message": example.error.message if example and example.error else None,
        }


@dataclass(frozen=True)
class FailureGroups:
    """The groups, the largest first.

    Attributes:
      looked_at: how many failed jobs were looked at, the newest of each queue.
      cut: whether there are more, so that groups may be larger than they seem.
    """

    groups: list[FailureGroup]
    looked_at: int
    cut: bool


def failure_groups(
    broker: Queues, wanted: JobFilter | None = None, *, scan: int | None = SCAN
) -> FailureGroups:
    """What failed, by queue, actor and error class, the newest of each as an example.

    Parameters:
      wanted: its queue, actor, error and times count.
      scan: failed jobs looked at at most in each queue, newest first; None looks at all.
    """
    wanted = wanted or JobFilter()
    found: dict[tuple[str, str, str], list[Any]] = {}
    looked_at, cut = 0, False
    for queue in [wanted.queue] if wanted.queue else known_queues(broker):
        more, was_cut = _gather(broker, queue, wanted, scan, found)
        looked_at, cut = looked_at + more, cut or was_cut
    groups = [
        FailureGroup(
            *name, count, _moment(oldest), _moment(newest), get_job(broker, job_id.decode(), name[0])
        )
        for name, (count, oldest, newest, job_id) in found.items()
        if wanted.actor in (None, name[1]) and wanted.error in (None, name[2])
    ]
    return FailureGroups(sorted(groups, key=lambda one: (-one.count, one.queue, one.actor)), looked_at, cut)


def _gather(
    broker: Queues,
    queue: str,
    wanted: JobFilter,
    scan: int | None,
    found: dict[tuple[str, str, str], list[Any]],
) -> tuple[int, bool]:
    """Add a queue's groups to `found`. Returns how many jobs were looked at, and whether there are more."""
    place, looked_at = (b"", b""), 0
    times = [_millis(wanted.since, "-inf"), _millis(wanted.until, "+inf")]
    while scan is None or looked_at < scan:
        step = STEP if scan is None else min(STEP, scan - looked_at)
        arguments = [*place, b"%d" % step, *times]
        rows, score, last = _GROUPS.run(broker.links, broker.key_base(queue), arguments)
        for actor, kind, count, oldest, newest, job_id in rows:
            group = found.setdefault((queue, actor.decode(), kind.decode()), [0, oldest, newest, job_id])
            group[0] += count
            group[1] = oldest
        looked_at += step if score else sum(row[2] for row in rows)
        if not score:
            return looked_at, False
        place = (score, last)
    rows, score, _ = _GROUPS.run(broker.links, broker.key_base(queue), [*place, b"1", *times])
    return looked_at, bool(rows or score)


def _millis(moment: datetime | None, otherwise: str) -> bytes:
    return otherwise.encode() if moment is None else b"%d" % (moment.timestamp() * 1000)


def _moment(millis: bytes) -> datetime:
    return datetime.fromtimestamp(float(millis) / 1000, UTC)
