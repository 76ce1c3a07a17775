"""What must hold of every queue at every moment, checked and mended: the queue's fsck.

- Every id in a set (ready, delayed, active, done, failed, cancelled) has its job's record.
- Every job is in exactly one of them, the one its state names.
- Every lease is its job's own, and every job that has one is active.
- Every unique key is held by a job that has not ended.
- Every record of an ended job expires.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from osmod.jobs.records.names import literal
from osmod.jobs.states import JobState
from osmod.jobs.wire.queues import Queues
from osmod.jobs.wire.scripts import Script

_LUA = Path(__file__).parent / "lua"
_INSPECT, _INSPECT_UNIQUE = Script(_LUA / "inspect.lua"), Script(_LUA / "inspect_unique.lua")

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
    return [finding for name in sorted(names) for finding in _check_queue(broker, name, repair)]


def stored_queues(broker: Queues) -> set[str]:
    """The names of the declared queues and of all that have keys in Redis."""
    prefix = f"{broker.namespace}:{{"
    names = set(broker.get_declared_queues())
    for key in broker.client.scan_iter(match=literal(prefix) + "*}:meta", count=1000):
        names.add(key.decode()[len(prefix) : -len("}:meta")])
    return {name for name in names if not name.startswith("rate:")}


def _check_queue(broker: Queues, queue_name: str, repair: bool) -> Iterator[Finding]:
    base = broker.key_base(queue_name)
    mend = b"1" if repair else b"0"
    keep = b"%d" % broker.dead_message_ttl
    yield from _inspect(broker, queue_name, _INSPECT, [mend, keep], _ids(broker, base.decode()))
    unique = f"{base.decode()}unique:"
    keys = (key[len(unique) :] for key in broker.client.scan_iter(match=literal(unique) + "*", count=1000))
    yield from _inspect(broker, queue_name, _INSPECT_UNIQUE, [mend], keys)


def _ids(broker: Queues, base: str) -> Iterator[bytes]:
    for state in JobState:
        if state.key:
            for member, _ in broker.client.zscan_iter(base + state.key, count=1000):
                yield member
    jobs = f"{base}job:"
    for key in broker.client.scan_iter(match=literal(jobs) + "*", count=1000):
        yield key[len(jobs) :]


def _inspect(
    broker: Queues, queue_name: str, script: Script, settings: list[bytes], subjects: Iterator[bytes]
) -> Iterator[Finding]:
    seen: set[tuple[str, str]] = set()
    while portion := list(islice(subjects, _PORTION)):
        found = script.run(broker.links, broker.key_base(queue_name), [*settings, *portion])
        texts = [field.decode() for field in found]
        for message_id, wrong, remedy in zip(texts[::3], texts[1::3], texts[2::3], strict=True):
            # A job is met in its set and by its record.
            if (message_id, wrong) not in seen:
                seen.add((message_id, wrong))
                yield Finding(queue_name, message_id, wrong, remedy)
