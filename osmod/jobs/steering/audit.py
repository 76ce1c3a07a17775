"""Who did what to the jobs: each act is written down in the step that does it."""

from __future__ import annotations

import getpass
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from typing import Any
from uuid import uuid4

from osmod.jobs.messages.bounds import WORKERS_NAME
from osmod.jobs.queue.presence import known_queues
from osmod.jobs.records.cursors import BadCursor, read_cursor, write_cursor
from osmod.jobs.wire.queues import Queues
from osmod.jobs.wire.scripts import Script

_LUA = Path(__file__).parent / "lua"
#: What stands before every script that writes into the log.
AUDIT = _LUA / "_audit.lua"
_NOTE = Script(_LUA / "note.lua", AUDIT)


@dataclass(frozen=True)
class AuditEntry:
    """An act that somebody did to jobs of one queue. An act on many jobs is one, however it was done.

    Attributes:
      queue: whose jobs; empty for an act on worker processes.
      what: which were meant, in words.
      reason: why, if that was said.
      dry_run: whether they were only counted.
    """

    at: datetime
    who: str
    act: str
    queue: str
    what: str
    count: int
    id: str
    reason: str = ""
    dry_run: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The act in values that JSON has."""
        return {**vars(self), "at": self.at.isoformat(timespec="milliseconds")}


@dataclass(frozen=True)
class Asked:
    """Who acts, the user of the operating system if nobody is named, and why."""

    by: str | None = None
    reason: str = ""

    def head(self, what: str) -> list[bytes]:
        """What every act tells its script first: who, an id of its own, what is meant, and why."""
        return [one.encode() for one in (self.by or whoever_asks(), uuid4().hex[:12], what, self.reason)]


def note(
    broker: Queues,
    act: str,
    what: str,
    *,
    queue: str,
    by: str | None = None,
    reason: str = "",
    count: int = 1,
) -> None:
    """Write down what was done to jobs of a queue otherwise than by an act, such as that one was sent by hand."""
    note_as(broker, Asked(by, reason).head(what), act, queue, count)


def note_as(
    broker: Queues, head: list[bytes], act: str, queue: str, count: int, *, dry_run: bool = False
) -> None:
    """Write down a part of an act, under a head that its parts share."""
    _NOTE.run(
        broker.links, broker.key_base(queue), [*head, act.encode(), b"%d" % count, b"1" if dry_run else b""]
    )


def audit_log(
    broker: Queues, *, queue: str | None = None, limit: int = 100, until: datetime | None = None
) -> list[AuditEntry]:
    """The last acts, or the last up to an aware moment, newest first.

    Of a queue some 10,000 are kept, for 90 days after the last of them.
    """
    return audit_page(broker, queue=queue, limit=limit, until=until).acts


@dataclass(frozen=True)
class AuditPage:
    """Acts, newest first. `cursor`: pass it to `audit_page` for the next page; None: there is none."""

    acts: list[AuditEntry]
    cursor: str | None


def audit_page(
    broker: Queues,
    *,
    queue: str | None = None,
    limit: int = 100,
    until: datetime | None = None,
    cursor: str | None = None,
) -> AuditPage:
    """One page of what `audit_log` finds; the pages together have each act once.

    Of each queue no more is read than one page shows. An act that is under way stands where its last part does.

    Raises:
      BadCursor: `cursor` comes from somewhere else.
    """
    after = _read_cursor(cursor)
    found: list[tuple[_Place, AuditEntry]] = []
    for name in [queue] if queue else [*known_queues(broker), WORKERS_NAME]:
        key = broker.key_base(name).decode() + "audit"
        rows: Any = broker.client.xrevrange(key, _newest(name, until, after), count=limit + 1)
        found += [(_place(name, entry), _read(name, entry, fields)) for entry, fields in rows]
    found.sort(key=itemgetter(0), reverse=True)
    shown = found[:limit]
    return AuditPage([act for _, act in shown], write_cursor(shown[-1][0]) if len(found) > limit else None)


#: Where an act stands in the log: its moment in milliseconds, its queue, its number among those of the moment.
_Place = tuple[int, str, int]


def _place(queue: str, entry: bytes) -> _Place:
    moment, _, number = entry.partition(b"-")
    return int(moment), queue, int(number)


def _newest(queue: str, until: datetime | None, after: _Place | None) -> str:
    """The id in a queue's stream from which a page goes back."""
    last = None if until is None else int(until.timestamp() * 1000)
    if after is None or (last is not None and last < after[0]):
        return "+" if last is None else str(max(last, 0))
    moment, shown_last, number = after
    if queue == shown_last:
        return f"({moment}-{number}"
    return str(moment if queue < shown_last else max(moment - 1, 0))


def _read_cursor(cursor: str | None) -> _Place | None:
    if not cursor:
        return None
    try:
        moment, queue, number = read_cursor(cursor)
        place = int(moment), str(queue), int(number)
    except (ValueError, TypeError, OverflowError):
        place = -1, "", -1
    if not all(0 <= part < 2**64 for part in (place[0], place[2])):
        raise BadCursor(f"cursor {cursor[:40]!r} is none that a page of acts came with")
    return place


def whoever_asks() -> str:
    """Who acts, where nobody says: the operating system's user, and the machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # A container may run as a user that has no name.
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def _read(queue: str, entry: bytes, fields: dict[bytes, bytes]) -> AuditEntry:
    row = {name.decode(): value.decode("utf-8", "replace") for name, value in fields.items()}
    moment = datetime.fromtimestamp(int(entry.partition(b"-")[0]) / 1000, UTC)
    # What older versions wrote has no reason, and was done.
    reason, dry_run = row.get("reason", ""), row.get("dry_run") == "1"
    where = "" if queue == WORKERS_NAME else queue
    return AuditEntry(
        moment, row["who"], row["act"], where, row["what"], int(row["count"]), row["id"], reason, dry_run
    )
