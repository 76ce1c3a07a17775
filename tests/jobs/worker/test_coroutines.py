"""Jobs of `async def` actors run as coroutines, many at once; each ends as its own, and takes no thread meanwhile."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import dramatiq
import pytest

from osmod.jobs import JobActor, steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import InvalidOption, PutOff
from osmod.jobs.inline import InlineBroker
from osmod.jobs.queue.presence import workers
from osmod.jobs.records import JobFilter, get_job
from osmod.jobs.states import JobState
from tests.jobs.conftest import working
from tests.jobs.one_server import server as server
from tests.jobs.worker.errands import Errands
from tests.waiting import until


def test_they_run_side_by_side_with_one_thread(broker: JobBroker) -> None:
    """So many as the option says, whatever the threads; the others wait for their turn."""
    errands = Errands(broker, concurrency=5)
    ids = errands.send(*range(8))

    with working(broker, threads=1):
        until(lambda: len(errands.begun) == 5)
        errands.let_go(3)
        until(lambda: errands.states([ids[3]]) == [JobState.DONE])
        until(lambda: len(errands.begun) == 6)
        errands.let_go()
        broker.join("default")

    assert sorted(errands.begun) == list(range(8))
    assert set(errands.states(ids)) == {JobState.DONE}


def test_they_keep_no_thread_from_other_jobs(broker: JobBroker) -> None:
    """Though there is but one thread, and more of them than a worker has in stock."""
    errands = Errands(broker, concurrency=50)
    ran = threading.Event()
    other = dramatiq.actor(actor_name="other")(ran.set)
    errands.send(*range(50))

    with working(broker, threads=1):
        until(lambda: len(errands.begun) == 50)
        other.send()
        assert ran.wait(120)
        errands.let_go()
        broker.join("default")


def test_each_ends_as_its_own(broker: JobBroker) -> None:
    """One fails, one is tried again, one puts itself off; each is told of in its record."""
    errands = Errands(broker, max_retries=1, min_backoff=10, max_backoff=10)
    errands.bad = {
        1: [ValueError("first"), ValueError("for good")],
        2: [ValueError("for once")],
        3: [PutOff(0.01, "not yet")],
    }
    errands.let_go()
    ids = errands.send(0, 1, 2, 3)

    with working(broker, threads=1):
        broker.join("default")

    assert [JobState.DONE, JobState.FAILED, JobState.DONE, JobState.DONE] == errands.states(ids)
    assert [1, 2, 2, 1] == [errands.record(one).attempts_made for one in ids]
    failed = errands.record(ids[1])
    assert failed.error is not None
    assert failed.error.message == "for good"
    assert "raise self.bad" in failed.error.traceback
    assert [["errand 0"], ["errand 3", "errand 3"]] == [
        [line.text for line in errands.record(ids[one]).log] for one in (0, 3)
    ]


def test_a_time_limit_is_one_jobs_alone(broker: JobBroker) -> None:
    """That of the message or of the actor; the others go on."""
    errands = Errands(broker, time_limit=60_000)
    limited, other = errands.send(1, time_limit=50)[0], errands.send(2)[0]

    with working(broker, threads=1):
        until(lambda: errands.states([limited]) == [JobState.FAILED])
        errands.let_go()
        broker.join("default")

    assert errands.cancelled == [1]
    assert errands.states([other]) == [JobState.DONE]
    error = errands.record(limited).error
    assert error is not None
    assert error.kind == "TimeLimitExceeded"
    assert "its time limit is 0.05 s" in error.message


def test_one_is_cancelled_while_it_runs(broker: JobBroker) -> None:
    """The others go on."""
    errands = Errands(broker)
    ids = errands.send(1, 2)

    with working(broker, threads=1):
        until(lambda: len(errands.begun) == 2)
        steering.cancel(broker, JobFilter(ids=(ids[0],)), by="test")
        until(lambda: errands.states(ids[:1]) != [JobState.ACTIVE])
        errands.let_go()
        broker.join("default")

    assert errands.cancelled == [1]
    assert errands.states(ids) == [JobState.CANCELLED, JobState.DONE]


def test_a_stopping_worker_lets_them_end(broker: JobBroker) -> None:
    """Those that have begun end; those that waited for their turn go back, at once."""
    errands = Errands(broker, concurrency=2)
    ids = errands.send(1, 2, 3)

    with working(broker, threads=1) as worker:
        until(lambda: len(errands.begun) == 2)
        work_queue = broker.lifecycle.work_queue
        assert work_queue is not None
        until(lambda: work_queue.qsize() == 1)
        stopping = threading.Thread(target=worker.stop)
        stopping.start()
        until(lambda: errands.states(ids) == [JobState.ACTIVE, JobState.ACTIVE, JobState.WAITING])
        errands.let_go()
        stopping.join()

    assert errands.states(ids) == [JobState.DONE, JobState.DONE, JobState.WAITING]
    assert errands.cancelled == []


def test_a_quiet_process_hands_back_those_that_wait(broker: JobBroker) -> None:
    """Another may run them; those that have begun go on."""
    errands = Errands(broker, concurrency=1)
    ids = errands.send(1, 2)

    with working(broker, threads=1):
        until(lambda: len(errands.begun) == 1)
        broker.custody.quiet = True
        until(lambda: errands.states(ids) == [JobState.ACTIVE, JobState.WAITING])
        errands.let_go()
        until(lambda: errands.states(ids) == [JobState.DONE, JobState.WAITING])

    assert errands.cancelled == []


def test_those_that_do_not_end_in_time_go_back(broker: JobBroker) -> None:
    """They are cancelled, and are run again elsewhere as if they had not begun."""
    errands = Errands(broker)
    broker.lifecycle.drain = 50
    ids = errands.send(1, 2)

    with working(broker, threads=1):
        until(lambda: len(errands.begun) == 2)
        errands.let_go(1)
        until(lambda: errands.states(ids) == [JobState.DONE, JobState.ACTIVE])

    assert errands.cancelled == [2]
    assert errands.states(ids) == [JobState.DONE, JobState.WAITING]
    assert errands.record(ids[1]).attempts_made == 0


def test_a_job_that_is_refused_does_not_run(broker: JobBroker) -> None:
    """What a sender knew to be wrong with it is why it fails."""
    errands = Errands(broker)
    errands.let_go()
    ids = errands.send(1, refused="it makes no sense")

    with working(broker, threads=1):
        broker.join("default")

    assert errands.begun == []
    assert errands.states(ids) == [JobState.FAILED]


def test_what_it_returns_is_kept(broker: JobBroker) -> None:
    """As of other actors, if it says so."""

    @dramatiq.actor(actor_class=JobActor, concurrency=2, keep_result=True)
    async def double(number: int) -> int:
        return 2 * number

    message = double.send(21)
    with working(broker, threads=1):
        broker.join("default")

    record = get_job(broker, message.message_id)
    assert record is not None
    assert record.result == 42


def test_a_worker_tells_how_many_it_runs(broker: JobBroker) -> None:
    """Beside its threads, which are free."""
    errands = Errands(broker)
    errands.send(1, 2, 3)

    with working(broker, threads=2):
        until(lambda: [one.busy for one in workers(broker)] == ["0/2 +3"], 30)
        errands.let_go()
        broker.join("default")


def test_where_there_is_no_queue_it_is_waited_for() -> None:
    """In inline mode, and called as a function."""
    calls: list[int] = []

    @dramatiq.actor(actor_class=JobActor, broker=InlineBroker(), concurrency=10)
    async def errand(number: int) -> None:
        await asyncio.sleep(0)
        calls.append(number)

    errand.send(number=1)
    errand(2)

    assert calls == [1, 2]


@pytest.mark.parametrize(
    ("concurrency", "options", "says"),
    [
        (0, {}, "concurrency=0: expected a whole number from 1 to 2000"),
        (True, {}, "concurrency=True: expected"),
        (10, {"batch": 5}, "takes one job"),
        (10, {"rate_limit": "1/second"}, "concurrency=10: does not go with rate_limit"),
        (10, {"max_age": 5}, "concurrency=10: does not go with max_age"),
    ],
)
def test_options_that_make_no_sense(
    broker: JobBroker, concurrency: int, options: dict[str, Any], says: str
) -> None:
    """They are refused as the actor is declared."""

    async def errand() -> None: ...

    with pytest.raises(InvalidOption, match=says):
        dramatiq.actor(actor_class=JobActor, concurrency=concurrency, **options)(errand)


def test_a_function_of_threads(broker: JobBroker) -> None:
    """It is said what it has to be."""
    with pytest.raises(InvalidOption, match="is no `async def` with actor_class=JobActor"):
        dramatiq.actor(actor_name="one", actor_class=JobActor, concurrency=10)(lambda: None)
