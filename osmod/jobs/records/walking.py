"""Walks a queue's sorted sets, from their newest job down or their oldest up, in steps that hold up nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from dramatiq import Message
from dramatiq.errors import DecodeError

from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.reading import FIELDS, get_jobs, record_of
from osmod.jobs.records.record import JobRecord
from osmod.jobs.states import JobState
from osmod.jobs.wire.queues import Queues
from osmod.jobs.wire.scripts import Script

_LUA = Path(__file__).parent / "lua"
_WALK, _SIZES = Script(_LUA / "walk.lua"), Script(_LUA / "sizes.lua")

#: Jobs looked at in one call: a few milliseconds of Redis.
STEP = 1_000
#: 2^41, see `lua/_prelude.lua`.
PRIORITY_STEP = 2_199_023_255_552

#: A place in a set: score and id of the last job taken, both empty before the first.
Place = tuple[str, str]
START: Place = ("", "")


@dataclass(frozen=True)
class Found:
    """A job that fits, the moment it is sorted by (ms of the epoch), and its place in its source."""

    moment: float
    job: JobRecord
    place: Place


class Budget:
    """How many jobs may still be looked at. None: as many as there are."""

    def __init__(self, jobs: int | None) -> None:
        self.left = jobs
        self.looked_at = 0
        #: How far each source has been looked through.
        self.places: dict[str, Place] = {}

    @property
    def spent(self) -> bool:
        """Whether no more may be looked at."""
        return self.left is not None and self.left <= 0

    def step(self) -> int:
        """How many to look at next."""
        return STEP if self.left is None else min(STEP, self.left)

    def spend(self, jobs: int) -> None:
        """Count jobs that were looked at."""
        self.looked_at += jobs
        if self.left is not None:
            self.left -= jobs


@dataclass(frozen=True)
class Source:
    """A stretch of one sorted set of one queue, from its highest score down, or, `oldest` first, from its lowest up.

    `moment` says what its scores are: the moment that jobs are sorted by, in ms (`score`), when they were
    sent, in ms (`sent`), or their arrival, which gives way to when they were sent (`created`).
    """

    queue: str
    key: str
    lowest: str = "-inf"
    highest: str = "+inf"
    moment: str = "score"
    oldest: bool = False

    @property
    def name(self) -> str:
        """What it is called in cursors."""
        return f"{self.queue} {self.key} {self.highest}{_order(self.oldest)}"

    def walk(
        self, broker: Queues, wanted: JobFilter, after: Place, budget: Budget, page: int
    ) -> Iterator[Found]:
        """The jobs that fit, in order, `page` at a time. Ends, too, when the budget is spent."""
        for job_id, score, *values in self._rows(broker, wanted, after, budget, page, FIELDS):
            job = record_of(broker, self.queue, job_id.decode(), values)
            if job is None or not wanted.fits(job, broker.actors.get(job.actor)):
                continue
            if self.moment != "sent" or wanted.in_time(job):
                yield Found(self._moment(job, score), job, (score.decode(), job_id.decode()))

    def every_id(self, broker: Queues, wanted: JobFilter) -> Iterator[str]:
        """The ids of all jobs that fit; what Redis can tell itself is not read."""
        if wanted.words or (self.moment == "sent" and (wanted.since or wanted.until)):
            for found in self.walk(broker, wanted, START, Budget(None), 500):
                yield found.job.id
            return
        fields = ("message",) if wanted.arguments or wanted.parent else ()
        for job_id, _, *values in self._rows(broker, wanted, START, Budget(None), STEP, fields):
            if not values or (values[0] and _fits(broker, wanted, values[0])):
                yield job_id.decode()

    def _rows(
        self,
        broker: Queues,
        wanted: JobFilter,
        place: Place,
        budget: Budget,
        page: int,
        fields: Sequence[str],
    ) -> Iterator[list[bytes]]:
        """Id, score and fields of the jobs of which Redis can tell that they may fit."""
        conditions = _conditions(wanted, self.moment)
        ended = 0
        while not ended and not budget.spent:
            terms = (
                self.key,
                *place,
                self.lowest,
                self.highest,
                str(page),
                str(budget.step()),
                _order(self.oldest).strip(),
            )
            arguments = [one.encode() for one in (*terms, str(len(fields)), *fields, *conditions)]
            base = broker.key_base(self.queue)
            rows, looked, score, last, ended = _WALK.run(broker.links, base, arguments)
            place = (score.decode(), last.decode())
            budget.spend(looked)
            yield from rows
            budget.places[self.name] = place

    def _moment(self, job: JobRecord, score: bytes) -> float:
        if self.moment == "created" and job.created is not None:
            return job.created.timestamp() * 1000
        return float(score)


@dataclass(frozen=True)
class Handful:
    """Jobs whose ids are known at once: running ones, or those that an index of arguments names.

    `unread` says how many more there are.
    """

    queue: str
    key: str
    ids: tuple[str, ...]
    unread: int = 0
    moment: str = "started"
    oldest: bool = False

    @property
    def name(self) -> str:
        """What it is called in cursors."""
        return f"{self.queue} {self.key}{_order(self.oldest)}"

    def walk(
        self, broker: Queues, wanted: JobFilter, after: Place, budget: Budget, page: int
    ) -> Iterator[Found]:
        """The jobs that fit, in order."""
        found = []
        ids = iter(self.ids)
        while portion := list(islice(ids, 500)):
            for job in get_jobs(broker, self.queue, portion):
                if job and wanted.fits(job, broker.actors.get(job.actor)) and wanted.in_time(job):
                    at = getattr(job, self.moment) or job.created or datetime.fromtimestamp(0, UTC)
                    moment = at.timestamp() * 1000
                    found.append(Found(moment, job, (repr(moment), job.id)))
        budget.spend(len(self.ids))
        found.sort(key=lambda one: (one.moment, one.job.id), reverse=not self.oldest)
        if found:
            budget.places[self.name] = found[-1].place
        limit = (float(after[0]), after[1]) if after != START else None
        places = (((one.moment, one.job.id), one) for one in found)
        yield from (
            one for place, one in places if limit is None or (place > limit if self.oldest else place < limit)
        )

    def every_id(self, broker: Queues, wanted: JobFilter) -> Iterator[str]:
        """The ids of all jobs that fit."""
        for found in self.walk(broker, wanted, START, Budget(None), 0):
            yield found.job.id


def _order(oldest: bool) -> str:
    return " oldest" if oldest else ""


def sizes_of(broker: Queues, queue_name: str) -> tuple[dict[JobState, int], list[int]]:
    """How many jobs are in each state, and the priorities that jobs are waiting with."""
    sizes, bands = _SIZES.run(broker.links, broker.key_base(queue_name), [])
    states = (state for state in JobState if state.key)
    return dict(zip(states, map(int, sizes), strict=True)), list(map(int, bands))


def _fits(broker: Queues, wanted: JobFilter, encoded: bytes) -> bool:
    try:
        message: Message[Any] = Message.decode(encoded)
    except DecodeError:
        return False
    return wanted.fits_message(message, broker.actors.get(message.actor_name))


def _conditions(wanted: JobFilter, moment: str) -> Sequence[str]:
    # Any one of the arguments will do: what is found is looked at again.
    needles = min(wanted.needles(), key=len, default=[])
    by_time = moment == "created"
    return (
        " ".join(wanted.states),
        wanted.actor or "",
        wanted.error or "",
        millis(wanted.since) if by_time else "",
        millis(wanted.until) if by_time else "",
        _findable(wanted.words),
        *needles,
    )


def _findable(words: Sequence[str]) -> str:
    """The longest of some words that stands in JSON as it was typed, in small letters: Redis looks for that one."""
    plain = [one for one in words if one.isascii() and one.isprintable() and not {'"', "\\"} & {*one}]
    single = (part for one in plain for part in one.split())
    return max(single, key=len, default="").lower()


def millis(moment: datetime | None) -> str:
    """A moment in ms of the epoch, as Redis takes it; '' for none."""
    return str(int(moment.timestamp() * 1000)) if moment is not None else ""
