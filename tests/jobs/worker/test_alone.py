"""A job that is to run alone in its process does, or is not noted as alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from osmod.jobs import steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import PutOff
from osmod.jobs.queue import suspects
from osmod.jobs.queue.job import Job
from osmod.jobs.records import JobFilter
from tests.jobs.conftest import working
from tests.jobs.one_server import server as server
from tests.jobs.worker.errands import Errands
from tests.jobs.worker.suspected import Visits, companies, field, lose, suspect
from tests.waiting import until


def test_one_that_is_to_be_alone_waits_for_the_others(broker: JobBroker) -> None:
    """Meanwhile, and while it runs, no other begins in its process."""
    visits = Visits()
    visits.visit.send(1)

    with working(broker, threads=3):
        until(lambda: visits.begun == [1])
        alone = _send_to_be_alone(broker, visits)
        until(lambda: broker.custody.suspects.secluded)
        third = visits.visit.send(3)
        visits.let_go(1)
        until(lambda: visits.begun == [1, 2])
        assert companies(broker, [alone]) == ["0"]
        until(lambda: field(broker, third.message_id, "state") == "waiting")
        assert visits.begun == [1, 2]
        visits.let_go()
        broker.join("default", timeout=120_000)

    assert visits.begun == [1, 2, 3]


def test_what_is_in_the_process_is_not_alone(broker: JobBroker) -> None:
    """A job that a thread is about to begin goes back first: whoever is alone has nobody who could begin."""
    broker.declare_queue("default")
    consumer = broker.consume("default", prefetch=2)
    visits = Visits()
    alone = visits.visit.send(1).message_id
    visits.visit.send(2)
    suspect(broker, alone, most=0)
    first, second = next(consumer), next(consumer)
    assert isinstance(first, Job)
    assert isinstance(second, Job)
    first.begun = True
    begun = threading.Thread(target=broker.custody.suspects.begin, args=(first,))
    begun.start()
    until(lambda: broker.custody.suspects.secluded)
    begun.join(0.2)
    assert begun.is_alive()
    consumer.requeue([second])
    begun.join(120)
    assert not begun.is_alive()
    assert companies(broker, [alone]) == ["0"]
    consumer.close()


def test_what_comes_while_one_is_alone_goes_back(broker: JobBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer of Redis that was under way brings jobs: none of them begins."""
    visits = Visits()
    consumer = broker.consume("default", prefetch=2)
    message = visits.visit.send(1)
    monkeypatch.setattr(type(broker.custody.suspects), "secluded", _LaterTrue())
    assert next(consumer) is None
    assert next(consumer) is None
    assert field(broker, message.message_id, "state") == "waiting"
    consumer.close()


class _LaterTrue:
    """Not yet when it is asked first."""

    asked = 0

    def __get__(self, *_: object) -> bool:
        self.asked += 1
        return self.asked > 1


def test_who_could_not_be_alone_was_not(broker: JobBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another that takes too long for it to wait may be the deadly one: it is not failed for that."""
    monkeypatch.setattr(suspects, "SECLUSION", 0.3)
    visits = Visits()
    visits.visit.send(1)

    with working(broker, threads=2):
        until(lambda: visits.begun == [1])
        alone = _send_to_be_alone(broker, visits)
        until(lambda: visits.begun == [1, 2])
        assert companies(broker, [alone]) == ["1"]
        visits.let_go()
        broker.join("default", timeout=120_000)


def test_others_do_not_wait_for_long(broker: JobBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    """For one that is alone and takes its time."""
    monkeypatch.setattr(suspects, "SECLUSION", 0.3)
    errands = Errands(broker)
    (first,) = errands.send(1)
    suspect(broker, first, most=0)

    with working(broker, threads=1):
        until(lambda: errands.begun == [1])
        (second,) = errands.send(2)
        until(lambda: errands.begun == [1, 2])
        assert companies(broker, [first, second]) == ["0", ""]
        errands.let_go()
        broker.join("default", timeout=120_000)


def test_a_stopping_worker_does_not_wait_for_one_to_be_alone(broker: JobBroker) -> None:
    """It goes back to its place."""
    visits = Visits()
    visits.visit.send(1)

    with working(broker, threads=2) as worker:
        until(lambda: visits.begun == [1])
        alone = _send_to_be_alone(broker, visits)
        until(lambda: broker.custody.suspects.secluded)
        stopping = threading.Thread(target=worker.stop)
        stopping.start()
        until(lambda: field(broker, alone, "state") == "waiting")
        visits.let_go()
        stopping.join()

    assert visits.begun == [1]


def test_a_run_alone_that_ends_alive_is_the_last_alone(broker: JobBroker) -> None:
    """One that is put off again and again does not stop its process for each time."""
    errands = Errands(broker)
    errands.bad = {1: [PutOff(0.01, "not yet")]}
    errands.let_go()
    (one,) = errands.send(1)
    suspect(broker, one, most=0)

    with working(broker, threads=1):
        broker.join("default", timeout=120_000)

    assert errands.begun == [1, 1]
    assert field(broker, one, "most") == "1"
    assert companies(broker, [one]) == ["1"]


def test_one_that_was_cancelled_waits_no_more(broker: JobBroker) -> None:
    """It is cancelled as soon as that is heard of, and the process goes on."""
    visits = Visits()
    with _waiting_to_be_alone(broker, visits) as alone:
        steering.cancel(broker, JobFilter(ids=(alone,)))
        until(lambda: field(broker, alone, "state") == "cancelled", 3)
        assert not broker.custody.suspects.secluded
        visits.let_go()
        broker.join("default", timeout=120_000)

    assert visits.begun == [1]


def test_one_whose_lease_has_passed_on_waits_no_more(broker: JobBroker) -> None:
    """Its process was frozen: it may run elsewhere by now, and holds up nobody here."""
    visits = Visits()
    with _waiting_to_be_alone(broker, visits) as alone:
        job = broker.custody.held("default", alone)
        assert job is not None
        steering.pause(broker, "default")
        lose(broker)
        until(lambda: job.lost, 3)
        until(lambda: job.ended, 3)
        assert not broker.custody.suspects.secluded
        assert field(broker, alone, "state") == "waiting"
        visits.let_go()
        steering.resume(broker, "default")
        broker.join("default", timeout=120_000)


def _send_to_be_alone(broker: JobBroker, visits: Visits) -> str:
    """A visit to 2 that is to run alone, before anybody can fetch it as another. Gives its id."""
    steering.pause(broker, "default")
    alone = visits.visit.send(2).message_id
    suspect(broker, alone, most=0)
    steering.resume(broker, "default")
    return alone


@contextmanager
def _waiting_to_be_alone(broker: JobBroker, visits: Visits) -> Iterator[str]:
    """One thread visits 1 and does not end, the other waits to visit 2 alone. Gives the id of that job."""
    visits.visit.send(1)
    with working(broker, threads=2):
        until(lambda: visits.begun == [1])
        alone = _send_to_be_alone(broker, visits)
        until(lambda: broker.custody.suspects.secluded)
        yield alone
