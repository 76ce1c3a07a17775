"""Jobs whose worker died run again in a company that narrows with each death, and in the end alone."""

from __future__ import annotations

import threading
from typing import Any

import dramatiq
import pytest

from osmod.jobs import steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import PutOff
from osmod.jobs.queue import suspects
from osmod.jobs.queue.scripts import EXCHANGE
from osmod.jobs.records import get_job
from osmod.jobs.states import JobState
from osmod.jobs.steering.invariants import check
from tests.jobs.conftest import working
from tests.jobs.worker.errands import Errands
from tests.redis_servers import Server
from tests.waiting import until


@pytest.fixture
def server(_shared_redis: Server) -> Server:
    """One kind is enough: sorted sets and hashes."""
    _shared_redis.client.flushall()
    return _shared_redis


def _suspect(broker: JobBroker, *ids: str, most: object = "") -> None:
    for one in ids:
        broker.client.hset(_key(broker, one), mapping={"special": 1, "suspect": 1, "most": str(most)})


def _key(broker: JobBroker, job_id: str) -> bytes:
    return broker.key_base("default") + b"job:" + job_id.encode()


def _field(broker: JobBroker, job_id: str, field: str) -> str:
    found: Any = broker.client.hget(_key(broker, job_id), field)
    return (found or b"").decode()


def _companies(broker: JobBroker, ids: list[str]) -> list[str]:
    """What is noted of each: beside how many it runs."""
    return [_field(broker, one, "begun").rpartition(" ")[2] for one in ids]


def _lose(broker: JobBroker) -> None:
    """All leases run out: whoever had them has died."""
    base = broker.key_base("default")
    leases: Any = broker.client.zrange(base + b"active", 0, -1)
    broker.client.zadd(base + b"active", dict.fromkeys(leases, 1))
    EXCHANGE.run(broker.links, base, [*broker.custody.terms, b"", b"0"])


class Visits:
    """An actor whose jobs hold a thread until they are let go."""

    def __init__(self, **options: Any) -> None:
        self.begun: list[int] = []
        self._gates = {number: threading.Event() for number in range(10)}

        @dramatiq.actor(max_retries=0, **options)
        def visit(number: int) -> None:
            self.begun.append(number)
            assert self._gates[number].wait(30)

        self.visit = visit

    def let_go(self, *numbers: int) -> None:
        """Have these end; without any, all."""
        for number in numbers or self._gates:
            self._gates[number].set()


def test_they_take_no_thread(broker: JobBroker) -> None:
    """Those that ran as coroutines run as coroutines again, with one call for all that begin together."""
    errands = Errands(broker, concurrency=50)
    ran = threading.Event()
    other = dramatiq.actor(actor_name="other")(ran.set)
    ids = errands.send(*range(40))
    _suspect(broker, *ids)

    with working(broker, threads=1):
        until(lambda: len(errands.begun) == 40)
        other.send()
        assert ran.wait(10)
        assert _companies(broker, ids) == ["40"] * 40
        errands.let_go()
        broker.join("default", timeout=30_000)

    assert set(errands.states(ids)) == {JobState.DONE}


@pytest.mark.parametrize("concurrency", [10, None], ids=["coroutines", "threads"])
def test_a_company_is_limited(
    broker: JobBroker, caplog: pytest.LogCaptureFixture, concurrency: int | None
) -> None:
    """No more at once than each may be with; the others wait in Redis, no attempt is counted, nothing is said."""
    errands = Errands(broker, concurrency=concurrency)
    ids = errands.send(*range(5))
    _suspect(broker, *ids, most=2)

    with working(broker, threads=5):
        until(lambda: len(errands.begun) == 2)
        until(lambda: errands.states(ids).count(JobState.DELAYED) == 3)
        (waiting, *_) = [one for one in ids if errands.record(one).state is JobState.DELAYED]
        assert _field(broker, waiting, "why").endswith(suspects.WHY)
        errands.let_go()
        broker.join("default", timeout=30_000)

    assert set(errands.states(ids)) == {JobState.DONE}
    assert {errands.record(one).attempts_made for one in ids} == {1}
    assert max(_companies(broker, ids)) == "2"
    assert [one for one in caplog.messages if "skipped" in one or "postponed" in one] == []


def test_they_hold_up_nobody_else(broker: JobBroker) -> None:
    """Jobs that nobody suspects run beside them, and so do those that were lost for the first time."""
    errands = Errands(broker)
    narrow, lost, new = errands.send(1, 2, 3)
    _suspect(broker, narrow, most=1)
    _suspect(broker, lost)

    with working(broker, threads=1):
        until(lambda: len(errands.begun) == 3)
        assert _companies(broker, [narrow, lost, new]) == ["1", "", ""]
        errands.let_go()
        broker.join("default", timeout=30_000)


def test_who_joins_is_noted_of_those_that_run(broker: JobBroker) -> None:
    """Their death would be a death in that company."""
    visits = Visits()
    first, second = [visits.visit.send(number).message_id for number in (1, 2)]
    _suspect(broker, first, second)

    with working(broker, threads=2):
        until(lambda: len(visits.begun) == 2)
        assert _companies(broker, [first, second]) == ["2", "2"]
        visits.let_go()
        broker.join("default", timeout=30_000)


def test_each_certain_death_narrows_the_company(broker: JobBroker) -> None:
    """To its root; one that was there with one other, and nobody else, is alone from then on."""
    visits = Visits()
    (one,) = (visits.visit.send(1).message_id,)
    base = broker.key_base("default")
    held = broker.custody.holdings("default")
    seen = []
    for company in (None, 60, 8, 2, 1, 0):
        _, heads, _ = held.exchange(broker.links, b"dead:%d" % (company or 99), 1)
        seen.append(heads.split()[0].lstrip(b"0123456789"))
        if company is not None:
            broker.client.hset(_key(broker, one), "begun", f"dead:{company or 99} {company}")
        _lose(broker)

    assert seen == [b"", b"!", b"!7", b"!2", b"!1", b"!0"]
    record = get_job(broker, one)
    assert record is not None
    assert record.error is not None
    assert str(record.error.message) == "the worker running this job died 6 times"
    assert broker.client.zcard(base + b"failed") == 1
    assert check(broker) == []


def test_one_that_is_to_be_alone_waits_for_the_others(broker: JobBroker) -> None:
    """Meanwhile, and while it runs, no other begins in its process."""
    visits = Visits()
    visits.visit.send(1)

    with working(broker, threads=3):
        until(lambda: visits.begun == [1])
        steering.pause(broker, "default")
        alone = visits.visit.send(2)
        _suspect(broker, alone.message_id, most=0)
        steering.resume(broker, "default")
        until(lambda: broker.custody.suspects.secluded)
        third = visits.visit.send(3)
        visits.let_go(1)
        until(lambda: visits.begun == [1, 2])
        assert _companies(broker, [alone.message_id]) == ["0"]
        until(lambda: _field(broker, third.message_id, "state") == "waiting")
        assert visits.begun == [1, 2]
        visits.let_go()
        broker.join("default", timeout=30_000)

    assert visits.begun == [1, 2, 3]


def test_others_do_not_wait_for_long(broker: JobBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    """For one that is alone and takes its time."""
    monkeypatch.setattr(suspects, "SECLUSION", 0.3)
    errands = Errands(broker)
    (first,) = errands.send(1)
    _suspect(broker, first, most=0)

    with working(broker, threads=1):
        until(lambda: errands.begun == [1])
        (second,) = errands.send(2)
        until(lambda: errands.begun == [1, 2])
        assert _companies(broker, [first, second]) == ["0", ""]
        errands.let_go()
        broker.join("default", timeout=30_000)


def test_a_stopping_worker_does_not_wait_for_one_to_be_alone(broker: JobBroker) -> None:
    """It goes back to its place."""
    visits = Visits()
    visits.visit.send(1)

    with working(broker, threads=2) as worker:
        until(lambda: visits.begun == [1])
        steering.pause(broker, "default")
        alone = visits.visit.send(2)
        _suspect(broker, alone.message_id, most=0)
        steering.resume(broker, "default")
        until(lambda: broker.custody.suspects.secluded)
        stopping = threading.Thread(target=worker.stop)
        stopping.start()
        until(lambda: _field(broker, alone.message_id, "state") == "waiting")
        visits.let_go()
        stopping.join()

    assert visits.begun == [1]


def test_a_run_alone_that_ends_alive_is_the_last_alone(broker: JobBroker) -> None:
    """One that is put off again and again does not stop its process for each time."""
    errands = Errands(broker)
    errands.bad = {1: [PutOff(0.01, "not yet")]}
    errands.let_go()
    (one,) = errands.send(1)
    _suspect(broker, one, most=0)

    with working(broker, threads=1):
        broker.join("default", timeout=30_000)

    assert errands.begun == [1, 1]
    assert _field(broker, one, "most") == "1"
    assert _companies(broker, [one]) == ["1"]


def test_who_waits_for_company_keeps_its_place(broker: JobBroker) -> None:
    """Those that came later stay behind it."""
    visits = Visits()
    first, second = [visits.visit.send(number).message_id for number in (1, 2)]
    base = broker.key_base("default")
    _suspect(broker, first, most=1)
    held = broker.custody.holdings("default")
    held.exchange(broker.links, b"here:1", 1)
    EXCHANGE.run(
        broker.links, base, [*broker.custody.terms, b"", b"0", b"p", first.encode(), b"here:1", b"1", b"why"]
    )
    broker.client.zadd(base + b"delayed", {first: 1})
    held.exchange(broker.links, b"", 0)

    assert [one.decode() for one in broker.client.zrange(base + b"ready", 0, -1)] == [first, second]
