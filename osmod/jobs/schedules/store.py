"""What is kept in Redis about schedules: one hash a schedule, changed only by scripts.

The record's fields, moments in milliseconds since 1970:

- `spec`, `since` (when this spec came), `last_slot` (up to here slots are settled), `paused`
- `claim_slot`, `claim_owner`, `claim_until`: who is sending which slot, and for how long that counts
- `outstanding`, `outstanding_until`: the run that is waiting or running, and for how long that is believed
- `doubtful`, `copies`: a message that may have been sent again, and how often: its sender died, or heard no
  answer
- `message`, `started`, `running`, `finished`, `duration`, `outcome`, `error`, `done`: the last run
- `overlaps`: slots that had no run because the one before was not done

Beside them, for each host with a scheduler, the moment of its last sign of life; it expires.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from osmod.jobs.schedules.schedule import Schedule
from osmod.jobs.wire.scripts import commands_in

_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXPIRY = timedelta(days=3660)
"""Longer than from any slot to the next, so that only what nobody uses any more goes."""

GONE_AFTER = timedelta(seconds=25)
"""For how long a scheduler that gives no sign of life is taken to live."""

_ASKING_LEAVE = """
for _, command in ipairs(redis.acl_check_cmd and {{{commands}}} or {{}}) do
  if not redis.acl_check_cmd(command, KEYS[1], KEYS[1], KEYS[1], KEYS[1]) then
    return redis.error_reply('NOPERM no permission to run the command ' .. command .. ' on the key ' .. KEYS[1])
  end
end
"""
"""Stands before every script, which a right that is missing would stop halfway. Redis 6.2 cannot say."""


def _script(text: str) -> str:
    commands = ", ".join(f"'{command}'" for command in sorted(commands_in(text)))
    return _ASKING_LEAVE.format(commands=commands) + text


_SCRIPTS = {path.stem: _script(path.read_text()) for path in (Path(__file__).parent / "lua").glob("*.lua")}


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
    """The scripts, on one Redis client and under one namespace. Every method raises what redis-py raises."""

    def __init__(
        self, client: Any, namespace: str, *, lease: timedelta, outstanding_limit: timedelta
    ) -> None:
        self._client = client
        self._prefix = f"{namespace}:{{schedules}}"
        self._lease = lease
        self._outstanding_limit = outstanding_limit

    @property
    def names_key(self) -> str:
        """The hash of all schedules' names."""
        return f"{self._prefix}.names"

    def record_key(self, name: str) -> str:
        """The hash of one schedule."""
        return f"{self._prefix}.record.{name}"

    def register(self, schedules: dict[str, Schedule], now: datetime) -> list[str]:
        """Make the schedules in Redis these and no others; return the names of those that went."""
        triples = [text for name, one in schedules.items() for text in (name, one.key, one.spec)]
        arguments = [self.record_key(""), milliseconds(now), _duration(_EXPIRY), *triples]
        return [_text(name) for name in self._run("register", [self.names_key], arguments)]

    def claim(self, claim: Claim, *, gone: str = "", only_ask: bool = False) -> tuple[Answer, str]:
        """Ask for the right to send a slot.

        `gone` is the id of an outstanding run that no longer exists; with `only_ask` an outstanding run is
        named without giving up the slot. Returns the answer and its detail: until when (ms) another
        scheduler is at it, the id of the run in the way, or the key of the schedule that replaced this one.
        """
        arguments = [
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
        ]
        answer, detail = self._run("claim", [self.names_key, self.record_key(claim.name)], arguments)
        return Answer(_text(answer)), _text(detail)

    def settle(self, claim: Claim, error: str = "") -> None:
        """Note that a claimed slot was sent, or with an error that it never will be."""
        slot, now = milliseconds(claim.slot), milliseconds(claim.now)
        arguments = [claim.name, claim.schedule.key, slot, claim.message_id, error, now]
        self._run("settle", [self.names_key, self.record_key(claim.name)], arguments)

    def reserve(
        self, name: str, message_id: str, now: datetime, *, overlap: bool, gone: str = ""
    ) -> str | None:
        """Ask for the right to run by hand; return the id of the run in the way, or None."""
        until = milliseconds(now + self._outstanding_limit)
        arguments = [milliseconds(now), message_id, int(overlap), until, gone, _duration(_EXPIRY)]
        found = self._run("reserve", [self.record_key(name)], arguments)
        return _text(found) if found else None

    def begin(self, name: str, message_id: str, now: datetime) -> bool:
        """Note that a run begins; False if it was sent twice and is done already."""
        arguments = [message_id, milliseconds(now)]
        return bool(self._run("begin", [self.record_key(name)], arguments))

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
        arguments = [message_id, milliseconds(now), outcome, took, error, int(final)]
        self._run("finish", [self.record_key(name)], arguments)

    def give_sign_of_life(self, now: datetime) -> None:
        """Note that a scheduler of this host lives."""
        self._run("alive", [self._alive_key()], [milliseconds(now), _duration(GONE_AFTER)])

    def last_sign_of_life(self) -> datetime | None:
        """Return when a scheduler of this host last gave one; None if none did for `GONE_AFTER`."""
        value = self._client.get(self._alive_key())
        return moment(_text(value)) if value else None

    def read(self, name: str) -> dict[str, str]:
        """Return a schedule's record, empty if there is none."""
        return {
            _text(key): _text(value) for key, value in self._client.hgetall(self.record_key(name)).items()
        }

    def set_paused(self, name: str, paused: bool, now: datetime) -> None:
        """Pause or resume. What fell into a pause is not made up for."""
        since = "" if paused else milliseconds(now)
        self._run("pause", [self.record_key(name)], [int(paused), since, _duration(_EXPIRY)])

    def _alive_key(self) -> str:
        return f"{self._prefix}.alive.{socket.gethostname()}"

    def _run(self, script: str, keys: list[str], arguments: Iterable[Any]) -> Any:
        return self._client.eval(_SCRIPTS[script], len(keys), *keys, *arguments)


def milliseconds(moment: datetime) -> int:
    """Return a moment as Redis keeps it."""
    return (moment - _EPOCH) // _MILLISECOND


def moment(value: str | None) -> datetime | None:
    """Return a kept moment as an aware datetime; None for none."""
    return _EPOCH + int(value) * _MILLISECOND if value else None


def _duration(duration: timedelta) -> int:
    return duration // _MILLISECOND


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
