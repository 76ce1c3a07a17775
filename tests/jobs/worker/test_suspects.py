"""Jobs whose worker died run again in a company that narrows with each death, and in the end alone."""

from __future__ import annotations

import threading

import dramatiq
import pytest

from osmod.jobs.broker import JobBroker
from osmod.jobs.queue import suspects
from osmod.jobs.queue.scripts import EXCHANGE
from osmod.jobs.records import get_job
from osmod.jobs.states import JobState
from osmod.jobs.steering.invariants import check
from tests.jobs.conftest import working
from tests.jobs.one_server import server as server
from tests.jobs.worker.errands import Errands
from tests.jobs.worker.suspected import Visits, companies, field, key, lose, suspect
from tests.waiting import until


def test_they_take_no_thread(broker: JobBroker) -> None:
    """Those that ran as coroutines run as coroutines again, with one call for all that begin together."""
    errands = Errands(broker, concurrency=50)
    ran = threading.Event()
    other = dramatiq.actor(actor_name="other")(ran.set)
    ids = errands.send(*range(40))
    suspect(broker, *ids)

    with working(broker, threads=1):
        until(lambda: len(errands.begun) == 40)
        other.send()
        assert ran.wait(120)
        assert companies(broker, ids) == ["40"] * 40
        errands.let_go()
        broker.join("default", timeout=120_000)

    assert set(errands.states(ids)) == {JobState.DONE}


def test_it_does_not_kill_workers_for_ever(broker: JobBroker) -> None:
    """One that was never alone, but the only suspect again and again, is failed in the end."""
    visits = Visits()
    one = visits.visit.send(1).message_id
    held = broker.custody.holdings("default")
    deaths = 0
    while not broker.client.zcard(broker.key_base("default") + b"failed"):
        token = b"dead:%d" % deaths
        held.exchange(broker.links, token, 1)
        if deaths:
            broker.client.hset(key(broker, one), "begun", token + b" 1")
        lose(broker)
        deaths += 1

    assert deaths == 11
    assert check(broker) == []


@pytest.mark.parametrize("concurrency", [10, None], ids=["coroutines", "threads"])
def test_a_company_is_limited(
    broker: JobBroker, caplog: pytest.LogCaptureFixture, concurrency: int | None
) -> None:
    """No more at once than each may be with; the others wait in Redis, no attempt is counted, nothing is said."""
    errands = Errands(broker, concurrency=concurrency)
    ids = errands.send(*range(5))
    suspect(broker, *ids, most=2)

    with working(broker, threads=5):
        until(lambda: len(errands.begun) == 2)
        until(lambda: errands.states(ids).count(JobState.DELAYED) == 3)
        (waiting, *_) = [one for one in ids if errands.record(one).state is JobState.DELAYED]
        assert field(broker, waiting, "why").endswith(suspects.WHY)
        errands.let_go()
        broker.join("default", timeout=120_000)

    assert set(errands.states(ids)) == {JobState.DONE}
    assert {errands.record(one).attempts_made for one in ids} == {1}
    assert max(companies(broker, ids)) == "2"
    assert [one for one in caplog.messages if "skipped" in one or "postponed" in one] == []


def test_they_hold_up_nobody_else(broker: JobBroker) -> None:
    """Jobs that nobody suspects run beside them, and so do those that were lost for the first time."""
    errands = Errands(broker)
    narrow, lost, new = errands.send(1, 2, 3)
    suspect(broker, narrow, most=1)
    suspect(broker, lost)

    with working(broker, threads=1):
        until(lambda: len(errands.begun) == 3)
        assert companies(broker, [narrow, lost, new]) == ["1", "", ""]
        errands.let_go()
        broker.join("default", timeout=120_000)


def test_who_joins_is_noted_of_those_that_run(broker: JobBroker) -> None:
    """Their death would be a death in that company."""
    visits = Visits()
    first, second = [visits.visit.send(number).message_id for number in (1, 2)]
    suspect(broker, first, second)

    with working(broker, threads=2):
        until(lambda: len(visits.begun) == 2)
        assert companies(broker, [first, second]) == ["2", "2"]
        visits.let_go()
        broker.join("default", timeout=120_000)


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
            broker.client.hset(key(broker, one), "begun", f"dead:{company or 99} {company}")
        lose(broker)

    assert seen == [b"", b"!", b"!7", b"!2", b"!1", b"!0"]
    record = get_job(broker, one)
    assert record is not None
    assert record.error is not None
    assert str(record.error.message) == "the worker running this job died 6 times"
    assert broker.client.zcard(base + b"failed") == 1
    assert check(broker) == []


def test_who_waits_for_company_keeps_its_place(broker: JobBroker) -> None:
    """Those that came later stay behind it."""
    visits = Visits()
    first, second = [visits.visit.send(number).message_id for number in (1, 2)]
    base = broker.key_base("default")
    suspect(broker, first, most=1)
    held = broker.custody.holdings("default")
    held.exchange(broker.links, b"here:1", 1)
    EXCHANGE.run(
        broker.links, base, [*broker.custody.terms, b"", b"0", b"p", first.encode(), b"here:1", b"1", b"why"]
    )
    broker.client.zadd(base + b"delayed", {first: 1})
    held.exchange(broker.links, b"", 0)

    assert [one.decode() for one in broker.client.zrange(base + b"ready", 0, -1)] == [first, second]
