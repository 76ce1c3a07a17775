"""What must hold of every queue at every moment, checked and mended: the queue's fsck.

- Every id in a set (ready, delayed, active, done, failed, cancelled) has its job's record.
- Every job is in exactly one of them, the one its state names.
- Every lease is its job's own, and every job that has one is active.
- Every unique key is held by a job that has not ended.
- Every record of an ended job expires.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from osmod.jobs.messages.bounds import GATE_PREFIX, RATE_PREFIX
from osmod.jobs.records.names import literal
from osmod.jobs.states import JobState
from osmod.jobs.wire.queues import Queues
from osmod.jobs.wire.scripts import Script

_LUA = Path(__file__).parent / "lua"
#: What is looked at: jobs by their records, and unique keys. Keys of a queue are named so.
_KINDS = {"job": Script(_LUA / "inspect.lua"), "unique": Script(_LUA / "inspect_unique.lua")}

#: Jobs looked at in one step; others wait that long.
_PORTION = 200


@dataclass(frozen=True)
class Finding:
    """One broken invariant.

    Attributes:
      queue_name: the queue.
      message_id: the job.
      wrong: what is wrong with it.
      remedy: what was done about it, or would be.
    """

    queue_name: str
    message_id: str
    wrong: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.queue_name}: job {self.message_id} is {self.wrong} ({self.remedy})"


def check(broker: Queues, repair: bool = False, queue_names: Iterable[str] | None = None) -> list[Finding]:
    """Check queues (default: all that exist in the broker's namespace), and mend them if told to.

    Workers may go on meanwhile. Returns what was wrong; with `repair` a second call finds nothing.
    """
    names = stored_queues(broker) if queue_names is None else set(queue_names)
    inspections = [_Inspection(broker, name, repair) for name in sorted(names)]
    for one in inspections:
        one.look_at_sets()
    # Once for all queues: each look goes over every key of the server.
    pattern = f"{literal(broker.namespace)}:" + (
        literal(f"{{{next(iter(names))}}}") if len(names) == 1 else "{*}"
    )
    by_base = {one.base: one for one in inspections}
    for kind in _KINDS:
        for key in broker.client.scan_iter(match=f"{pattern}:{kind}:*", count=1000):
            base, _, subject = key.partition(b"}:" + kind.encode() + b":")
            if (inspection := by_base.get(base + b"}:")) is not None:
                inspection.look_at(kind, subject)
        for one in inspections:
            one.look_at_rest(kind)
    return [finding for one in inspections for finding in one.found.values()]


def stored_queues(broker: Queues) -> set[str]:
    """The names of the declared queues and of all that have keys in Redis."""
    prefix = f"{broker.namespace}:{{"
    names = set(broker.get_declared_queues())
    for key in broker.client.scan_iter(match=literal(prefix) + "*}:meta", count=1000):
        names.add(key.decode()[len(prefix) : -len("}:meta")])
    return {name for name in names if not name.startswith((RATE_PREFIX, GATE_PREFIX))}


class _Inspection:
    """One queue, looked at portion by portion.

    Attributes:
      base: what its keys begin with.
      found: by job and fault, what was wrong so far: a job is met in its set and by its record.
    """

    def __init__(self, broker: Queues, queue_name: str, repair: bool) -> None:
        self.base = broker.key_base(queue_name)
        self._broker, self._queue_name = broker, queue_name
        mend = b"1" if repair else b"0"
        self._settings = {"job": [mend, b"%d" % broker.dead_message_ttl], "unique": [mend]}
        self._portions: dict[str, list[bytes]] = {kind: [] for kind in _KINDS}
        self.found: dict[tuple[str, str], Finding] = {}

    def look_at_sets(self) -> None:
        """Look at what stands in the sets of the queue."""
        for state in JobState:
            if state.key:
                for member, _ in self._broker.client.zscan_iter(self.base.decode() + state.key, count=1000):
                    self.look_at("job", member)

    def look_at(self, kind: str, subject: bytes) -> None:
        """Look at a job, or at a unique key; with the next ones, in one step."""
        self._portions[kind].append(subject)
        if len(self._portions[kind]) == _PORTION:
            self._inspect(kind)

    def look_at_rest(self, kind: str) -> None:
        """Look at those of a kind that wait for a portion to be full."""
        if self._portions[kind]:
            self._inspect(kind)

    def _inspect(self, kind: str) -> None:
        portion, self._portions[kind] = self._portions[kind], []
        found = _KINDS[kind].run(self._broker.links, self.base, [*self._settings[kind], *portion])
        texts = [field.decode() for field in found]
        for message_id, wrong, remedy in zip(texts[::3], texts[1::3], texts[2::3], strict=True):
            finding = Finding(self._queue_name, message_id, wrong, remedy)
            self.found.setdefault((message_id, wrong), finding)
