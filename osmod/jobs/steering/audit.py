"""Who did what to the jobs: each act is written down in the step that does it."""

from __future__ import annotations

import getpass
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from osmod.jobs.queue.presence import known_queues
from osmod.jobs.wire.queues import Queues


@dataclass(frozen=True)
class AuditEntry:
    """An act that somebody did to jobs of one queue. An act on many jobs is one, however it was done."""

    at: datetime
    who: str
    act: str
    queue: str
    what: str
    count: int
    id: str

    def as_dict(self) -> dict[str, Any]:
        """The act in values that JSON has."""
        return {**vars(self), "at": self.at.isoformat(timespec="milliseconds")}


def audit_log(broker: Queues, *, queue: str | None = None, limit: int = 100) -> list[AuditEntry]:
    """The last acts, newest first. Of a queue some 10,000 are kept, for 90 days after the last of them."""
    found: dict[tuple[str, str], AuditEntry] = {}
    for name in [queue] if queue else known_queues(broker):
        key = broker.key_base(name).decode() + "audit"
        rows: Any = broker.client.xrevrange(key, count=max(limit * 10, 1000))
        for entry, fields in rows:
            act = _read(name, entry, fields)
            part = found.get((name, act.id))
            # The parts of one act: its moment is that of the last, its count that of all.
            found[name, act.id] = (
                act if part is None else AuditEntry(**{**vars(part), "count": part.count + act.count})
            )
    return sorted(found.values(), key=lambda act: act.at, reverse=True)[:limit]


def whoever_asks() -> str:
    """Who acts, where nobody says: the operating system's user, and the machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # A container may run as a user that has no name.
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def new_act() -> str:
    """An id for an act, which the steps of a large one share."""
    return uuid4().hex[:12]


def _read(queue: str, entry: bytes, fields: dict[bytes, bytes]) -> AuditEntry:
    row = {name.decode(): value.decode("utf-8", "replace") for name, value in fields.items()}
    moment = datetime.fromtimestamp(int(entry.partition(b"-")[0]) / 1000, UTC)
    return AuditEntry(moment, row["who"], row["act"], queue, row["what"], int(row["count"]), row["id"])
