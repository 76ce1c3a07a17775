"""The invariants: faults are found, named and mended, and no sequence of operations makes one."""

from __future__ import annotations

from typing import Any

import dramatiq
import pytest

from osmod.jobs import enqueue
from osmod.jobs.broker import JobBroker
from osmod.jobs.steering.invariants import check
from tests.jobs.conftest import working
from tests.queue_counts import queue_counts

BASE = "dramatiq:{default}:"


@pytest.fixture
def ids(broker: JobBroker) -> list[str]:
    """A queue with a waiting, a delayed and two finished jobs; the waiting one has a unique key."""

    @dramatiq.actor(attempts=1)
    def maybe(fails: bool = False) -> None:
        if fails:
            raise RuntimeError("as told")

    ended = [maybe.send(False).message_id, maybe.send(True).message_id]
    with working(broker):
        broker.join("default", timeout=120_000)
    waiting = enqueue(maybe, unique="key").message_id
    delayed = enqueue(maybe, delay=60_000).message_id
    return [waiting, delayed, *ended]


def test_a_sound_queue_has_no_findings(broker: JobBroker, ids: list[str]) -> None:
    """Nothing is reported where nothing is wrong."""
    assert check(broker) == []


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        (("ZADD", BASE + "ready", "5", "ghost"), "waiting without record"),
        (("ZADD", BASE + "active", "5", "ghost token"), "lease without job"),
        (("ZREM", BASE + "ready", "<0>"), "waiting but in no set"),
        (("ZREM", BASE + "failed", "<3>"), "failed but in no set"),
        (("ZADD", BASE + "delayed", "5", "<0>"), "waiting and delayed at once"),
        (("ZADD", BASE + "active", "5", "<0> token"), "lease of another run"),
        (("HSET", BASE + "job:<1>", "state", "active"), "recorded as active but delayed"),
        (("PERSIST", BASE + "job:<2>"), "done for ever"),
        (("SET", BASE + "unique:key", "<2>"), "unique key key held by no live job"),
        (("DEL", BASE + "job:<2>"), "done without record"),
    ],
)
def test_a_fault_is_found_and_mended(
    broker: JobBroker, ids: list[str], command: tuple[str, ...], wrong: str
) -> None:
    """Each kind of fault is named, left alone unless told, and gone after a repair."""
    for number, message_id in enumerate(ids):
        command = tuple(part.replace(f"<{number}>", message_id) for part in command)
    broker.client.execute_command(*command)

    assert wrong in {finding.wrong for finding in check(broker)}
    assert check(broker) == check(broker)
    assert wrong in {finding.wrong for finding in check(broker, repair=True)}
    assert check(broker) == []


def test_the_keys_of_the_server_are_gone_over_as_often_for_many_queues_as_for_one(
    broker: JobBroker, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand queues are no reason to read all keys two thousand times; faults are told by queue."""
    names = [f"q{number:02}" for number in range(20)]
    for name in names:
        broker.client.hset(f"dramatiq:{{{name}}}:meta", "done", 1)
        broker.client.zadd(f"dramatiq:{{{name}}}:ready", {"ghost": 5})
        broker.client.set(f"dramatiq:{{{name}}}:unique:}}:job:key", "nobody")
    looks: list[str] = []
    scan = broker.client.scan_iter

    def counted(*args: Any, **options: Any) -> Any:
        looks.append(options["match"])
        return scan(*args, **options)

    monkeypatch.setattr(broker.client, "scan_iter", counted)
    found = check(broker)

    assert 3 == len(looks), "names of queues, jobs, unique keys"
    assert [name for name in names for _ in range(2)] == [one.queue_name for one in found]
    assert 40 == len(check(broker, repair=True))
    assert [] == check(broker)


def test_a_job_lost_from_its_set_runs_after_a_repair(broker: JobBroker, ids: list[str]) -> None:
    """A waiting job that stands in no set is put in line again."""
    broker.client.zrem(BASE + "ready", ids[0])
    check(broker, repair=True)
    with working(broker):
        broker.client.zadd(BASE + "delayed", {ids[1]: 1})
        broker.join("default", timeout=120_000)

    assert queue_counts(broker, "default").done == 3
