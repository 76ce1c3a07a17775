"""What is kept in Redis about schedules: one hash a schedule, changed only by scripts.

The record's fields, moments in milliseconds since 1970:

- `spec`, `since` (when this spec came), `last_slot` (up to here slots are settled), `paused`
- `claim_slot`, `claim_owner`, `claim_until`: who is sending which slot, and for how long that counts
- `outstanding`, `outstanding_until`: the run that is waiting or running, and for how long that is believed
- `doubtful`, `copies`: a message that may have been sent again, and how often: its sender died, or heard no
  answer
- `message`, `started`, `running`, `finished`, `duration`, `outcome`, `error`, `done`: the last run
- `runs`: how the last 30 runs ended, see `note_run` in `lua/_prelude.lua`
- `overlaps`: slots that had no run because the one before was not done

Beside them, for each host with a scheduler, the moment of its last sign of life; it expires.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from osmod.jobs.schedules.schedule import Schedule
from osmod.jobs.wire.links import Links
from osmod.jobs.wire.scripts import Script

_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Longer than from any slot to the next, so that only what nobody uses any more goes.
_EXPIRY = timedelta(days=3660)

_LUA = Path(__file__).parent / "lua"
#: For how long a scheduler that gives no sign of life is taken to live.
GONE_AFTER = timedelta(seconds=25)


def _script(name: str) -> Script:
    return Script(_LUA / f"{name}.lua", prelude=_LUA / "_prelude.lua")


_REGISTER = _script("register")
_CLAIM = _script("claim")
_SETTLE = _script("settle")
_RESERVE = _script("reserve")
_BEGIN = _script("begin")
_FINISH = _script("finish")
_PAUSE = _script("pause")
_READ = _script("read")
_ALIVE = _script("alive")


class Answer(StrEnum):
    """What asking for a slot gives."""

    CLAIMED = "claimed"
    TAKEN = "taken"
    BUSY = "busy"
    OVERLAP = "overlap"
    PAUSED = "paused"
    CHANGED = "changed"
    REMOVED = "removed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Claim:
    """One request for a slot; `key` is the schedule's, `now` by the scheduler's clock."""

    name: str
    schedule: Schedule
    slot: datetime
    owner: str
    now: datetime
    message_id: str


class Store:
    """The scripts, on one Redis and under one namespace.

    Parameters:
      links: to the Redis, those of the broker.
      lease, outstanding_limit: as in `SchedulesMiddleware`.

    Raises:
      redis.RedisError, OSError: from every method, as `osmod.jobs.wire.scripts.Script.run`.
    """

    def __init__(
        self, links: Links, namespace: str, *, lease: timedelta, outstanding_limit: timedelta
    ) -> None:
        self._links = links
        #: What all keys begin with: those of one schedule are `record.NAME`, of all together `names`.
        self._base = f"{namespace}:{{schedules}}.".encode()
        self._lease = lease
        self._outstanding_limit = outstanding_limit

    def register(self, schedules: dict[str, Schedule], now: datetime) -> list[str]:
        """Make the schedules in Redis these and no others; return the names of those that went."""
        triples = [text for name, one in schedules.items() for text in (name, one.key, one.spec)]
        removed = self._run(_REGISTER, milliseconds(now), _duration(_EXPIRY), *triples)
        return [name.decode() for name in removed]

    def claim(self, claim: Claim, *, gone: str = "", only_ask: bool = False) -> tuple[Answer, str]:
        """Ask for the right to send a slot.

        `gone` is the id of an outstanding run that no longer exists; with `only_ask` an outstanding run is
        named without giving up the slot. Returns the answer and its detail: until when (ms) another
        scheduler is at it, the id of the run in the way, or the key of the schedule that replaced this one.
        """
        answer, detail = self._run(
            _CLAIM,
            claim.name,
            claim.schedule.key,
            milliseconds(claim.slot),
            claim.owner,
            milliseconds(claim.now),
            milliseconds(claim.now + self._lease),
            claim.message_id,
            int(claim.schedule.overlap),
            milliseconds(claim.now + self._outstanding_limit),
            gone,
            int(only_ask),
            _duration(_EXPIRY),
        )
        return Answer(answer.decode()), detail.decode()

    def settle(self, claim: Claim, error: str = "") -> None:
        """Note that a claimed slot was sent, or with an error that it never will be."""
        slot, now = milliseconds(claim.slot), milliseconds(claim.now)
        self._run(_SETTLE, claim.name, claim.schedule.key, slot, claim.message_id, error, now)

    def reserve(
        self, name: str, message_id: str, now: datetime, *, overlap: bool, gone: str = ""
    ) -> str | None:
        """Ask for the right to run by hand; return the id of the run in the way, or None."""
        until = milliseconds(now + self._outstanding_limit)
        terms = (milliseconds(now), message_id, int(overlap), until, gone, _duration(_EXPIRY))
        found = self._run(_RESERVE, name, *terms)
        return found.decode() if found else None

    def begin(self, name: str, message_id: str, now: datetime) -> bool:
        """Note that a run begins; False if it was sent twice and is done already."""
        return bool(self._run(_BEGIN, name, message_id, milliseconds(now)))

    def finish(
        self,
        name: str,
        message_id: str,
        now: datetime,
        *,
        outcome: str,
        duration: timedelta | None,
        error: str,
        final: bool,
    ) -> None:
        """Note how an attempt ended; `final` frees the schedule for its next run."""
        took = "" if duration is None else _duration(duration)
        self._run(_FINISH, name, message_id, milliseconds(now), outcome, took, error, int(final))

    def give_sign_of_life(self, now: datetime) -> None:
        """Note that a scheduler of this host lives."""
        self._run(_ALIVE, socket.gethostname(), milliseconds(now), _duration(GONE_AFTER))

    def last_sign_of_life(self) -> datetime | None:
        """Return when a scheduler of this host last gave one; None if none did for `GONE_AFTER`."""
        return moment(self._run(_ALIVE, socket.gethostname(), "", "").decode())

    def read(self, name: str) -> dict[str, str]:
        """Return a schedule's record, empty if there is none."""
        flat = [text.decode() for text in self._run(_READ, name)]
        return dict(zip(flat[::2], flat[1::2], strict=True))

    def set_paused(self, name: str, paused: bool, now: datetime) -> None:
        """Pause or resume. What fell into a pause is not made up for."""
        since = "" if paused else milliseconds(now)
        self._run(_PAUSE, name, int(paused), since, _duration(_EXPIRY))

    def _run(self, script: Script, *arguments: str | int) -> Any:
        return script.run(self._links, self._base, [str(argument).encode() for argument in arguments])


def milliseconds(moment: datetime) -> int:
    """Return a moment as Redis keeps it."""
    return (moment - _EPOCH) // _MILLISECOND


def moment(value: str | None) -> datetime | None:
    """Return a kept moment as an aware datetime; None for none."""
    return _EPOCH + int(value) * _MILLISECOND if value else None


def _duration(duration: timedelta) -> int:
    return duration // _MILLISECOND
