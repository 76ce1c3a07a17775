"""What stands in Kue's queue: jobs by type and state, what Node workers hold, what repeats, what was taken over."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import redis

from osmod.kue.foreign_keys import ForeignKey, foreign_keys
from osmod.kue.keys import STATES, WORKER_PREFIX, KueQueue, id_of

#: Jobs of Node workers that are told one by one, those that were begun first.
MOST_HELD = 1000
#: Keys that one step of a walk through all keys looks at.
_STEP = 1000
#: The least score of an active job that is a moment; others have no `ttl`, as Kue tells them apart.
_LEAST_MOMENT = 100_000
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class KindStatus:
    """One type of jobs.

    Attributes:
      name: the type, as Kue's programs call it.
      has_actor: whether an actor of ours runs it; others are left to Kue's workers.
      sizes: jobs by Kue's states.
      taken: jobs that were taken over since ever.
    """

    name: str
    has_actor: bool
    sizes: dict[str, int]
    taken: int

    def as_dict(self) -> dict[str, Any]:
        """In values that JSON has."""
        return {"type": self.name, "actor": self.has_actor, **self.sizes, "taken": self.taken}


@dataclass(frozen=True)
class HeldJob:
    """A job that a Node worker has begun, or had, as far as anybody can tell.

    Attributes:
      job_id: Kue's id.
      worker: `kue:host:process:type:number`; '' if the job does not say.
      since: when it was begun.
      silent: for how long nothing was said of it: that it began, its progress, a line in its log; None: nothing ever.
      overdue: whether its `ttl` is over: no Kue worker lives that would mark it as failed.
    """

    job_id: str
    kind: str
    worker: str
    since: datetime | None
    silent: timedelta | None
    overdue: bool

    def as_dict(self) -> dict[str, Any]:
        """In values that JSON has; moments in ISO 8601, lengths of time in seconds."""
        return {
            "id": self.job_id,
            "type": self.kind,
            "worker": self.worker,
            "since": _iso(self.since),
            "silent": self.silent.total_seconds() if self.silent is not None else None,
            "overdue": self.overdue,
        }


@dataclass(frozen=True)
class Repeating:
    """A job that kue-scheduler makes again and again.

    Attributes:
      interval: as its program wrote it, such as `10 minutes` or `0 */5 * * * *`.
      due: when it is made next; None if no program of kue-scheduler's will make it.
      schedule: the words of the actor's own schedule, by which it runs here as well; '' if it has none.
    """

    kind: str
    interval: str
    due: datetime | None
    schedule: str

    @property
    def runs_twice(self) -> bool:
        """Whether both have it run: kue-scheduler, and its actor's own schedule."""
        return bool(self.schedule and self.due)

    @property
    def remedy(self) -> str:
        """What to do where it runs twice."""
        return f"take it out of the Node program, or `osmod schedules pause {self.kind}`"

    def as_dict(self) -> dict[str, Any]:
        """In values that JSON has; moments in ISO 8601."""
        due = _iso(self.due)
        return {"type": self.kind, "interval": self.interval, "due": due, "schedule": self.schedule}


@dataclass(frozen=True)
class KueStatus:
    """Kue's queue at one moment.

    Attributes:
      kinds: by name.
      unclaimed: jobs that wait by Kue's list of all, and by none of a type: a Node worker died as it took them.
      moving: jobs taken out of Kue's queue that are not noted as stored in ours, which takes milliseconds.
      here: jobs in our queue whose end Kue was not told yet.
      held: what Node workers hold, `MOST_HELD` at most, and how many that are in all.
      repeating: by type.
      foreign: keys of types that are not what Kue keeps there; of what should be in them nothing is counted.
    """

    kinds: list[KindStatus]
    unclaimed: int
    moving: int
    here: int
    held: list[HeldJob]
    held_count: int
    repeating: list[Repeating]
    foreign: list[ForeignKey]

    def as_dict(self) -> dict[str, Any]:
        """In values that JSON has."""
        return {
            "types": [one.as_dict() for one in self.kinds],
            "unclaimed": self.unclaimed,
            "moving": self.moving,
            "here": self.here,
            "held_by_node": {"count": self.held_count, "jobs": [one.as_dict() for one in self.held]},
            "repeating": [one.as_dict() for one in self.repeating],
            "foreign_keys": [vars(one) for one in self.foreign],
        }


def read_status(queue: KueQueue, actors: Mapping[str, str]) -> KueStatus:
    """How Kue's queue stands. Nothing is changed.

    Parameters:
      actors: what runs here: the names of actors, each with the words of its schedule, '' where it has none.

    Raises:
      redis.RedisError: Kue's Redis cannot be asked.
    """
    names = sorted(_text(name) for name in queue.client.smembers(queue.types))
    kinds, waiting, moving, here = _sizes(queue, names, actors)
    held = sorted(held_by_node(queue), key=lambda one: one.since or _NEVER)
    return KueStatus(
        kinds=kinds,
        unclaimed=max(0, waiting - sum(kind.sizes["inactive"] for kind in kinds)),
        moving=moving,
        here=here,
        held=held[:MOST_HELD],
        held_count=len(held),
        repeating=_repeating(queue, actors),
        foreign=foreign_keys(queue, names),
    )


def _sizes(
    queue: KueQueue, names: list[str], actors: Mapping[str, str]
) -> tuple[list[KindStatus], int, int, int]:
    """Types; and how many jobs wait in all, are on their way, and are here.

    All that wait are counted first: what is queued meanwhile then makes no job look like one of nobody's.
    """
    asked = queue.client.pipeline(transaction=False)
    asked.zcard(queue.state("inactive")).zcard(queue.taken).zcard(queue.held).hgetall(queue.counts)
    for name in names:
        for state in STATES:
            asked.zcard(queue.state(state, name))
    waiting, moving, here, counts, *sizes = map(_known, asked.execute(raise_on_error=False))
    kinds = [
        KindStatus(
            name,
            name in actors,
            dict(zip(STATES, sizes[len(STATES) * place :], strict=False)),
            int(counts.get(name.encode(), 0)),
        )
        for place, name in enumerate(names)
    ]
    return kinds, waiting, moving, here


def _known(answer: Any) -> Any:
    """An answer; 0 where something else stands in the key."""
    if not isinstance(answer, Exception):
        return answer
    if not _is_of_another_kind(answer):
        raise answer
    return 0


def held_by_node(queue: KueQueue) -> Iterator[HeldJob]:
    """Active jobs of Node workers, those first whose time is over first.

    Raises:
      redis.RedisError: Kue's Redis cannot be asked.
    """
    seconds, micros = queue.client.time()
    now = seconds * 1000 + micros / 1000
    active: list[tuple[bytes, float]] = queue.client.zrange(queue.state("active"), 0, -1, withscores=True)
    for start in range(0, len(active), _STEP):
        members = active[start : start + _STEP]
        asked = queue.client.pipeline(transaction=False)
        for member, _ in members:
            asked.hmget(queue.job(id_of(member)), "type", "workerId", "started_at", "updated_at", "state")
        rows = asked.execute(raise_on_error=False)
        for (member, score), row in zip(members, rows, strict=True):
            if isinstance(row, Exception):
                if not _is_of_another_kind(row):
                    raise row
                continue
            kind, worker, started, updated, state = row
            if state != b"active" or (worker or b"").startswith(WORKER_PREFIX.encode()):
                continue  # ended meanwhile, or ours
            since, over = _moment(started), _LEAST_MOMENT <= score < now
            said = max(filter(None, (since, _moment(updated))), default=None)
            silent = datetime.fromtimestamp(now / 1000, UTC) - said if said else None
            yield HeldJob(id_of(member), _text(kind), _text(worker), since, silent, over)


def waiting(queue: KueQueue, types: Iterable[str]) -> int:
    """How many jobs of these types wait.

    Raises:
      redis.RedisError: Kue's Redis cannot be asked.
    """
    return sum(queue.client.zcard(queue.state("inactive", kind)) for kind in types)


def abandoned(queue: KueQueue, types: Iterable[str], silent: timedelta) -> int:
    """How many jobs of these types Node workers hold of which nothing was said for so long.

    Raises:
      redis.RedisError: Kue's Redis cannot be asked.
    """
    kinds = set(types)
    return sum(
        one.kind in kinds and (one.silent is None or one.silent >= silent) for one in held_by_node(queue)
    )


def _repeating(queue: KueQueue, actors: Mapping[str, str]) -> list[Repeating]:
    """kue-scheduler keeps what it repeats in `PREFIX:scheduler:data:NAME`, and in a key that expires when it is due."""
    start = queue.key("scheduler:data:")
    literally = re.sub(r"([*?\[\]\\^-])", r"\\\1", start)
    keys = sorted(set(queue.client.scan_iter(match=f"{literally}*", count=_STEP, _type="STRING")))
    found = []
    for key in keys:
        definition = _definition(queue.client.get(key))
        if definition is None:
            continue
        left = queue.client.pttl(queue.key("scheduler:") + _text(key).removeprefix(start))
        due = datetime.now(UTC) + timedelta(milliseconds=left) if left > 0 else None
        kind = definition["type"]
        found.append(Repeating(kind, str(definition["reccurInterval"]), due, actors.get(kind, "")))
    return sorted(found, key=lambda one: one.kind)


def _definition(text: bytes | None) -> dict[str, Any] | None:
    """What kue-scheduler is to repeat; None for what it is to make once, and for what it did not write."""
    try:
        definition = json.loads(text or b"null")
    except ValueError:
        return None
    if not isinstance(definition, dict) or not isinstance(definition.get("type"), str):
        return None
    return definition if definition.get("reccurInterval") else None


def _is_of_another_kind(error: Exception) -> bool:
    """Whether a key holds what Kue does not put there."""
    return isinstance(error, redis.ResponseError) and str(error).startswith("WRONGTYPE")


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")


def _moment(millis: bytes | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(millis or b"") / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds") if moment else None
