"""Coroutines that do what they should not, and jobs whose terms are not those of a sender of ours."""

from __future__ import annotations

import asyncio
from typing import Any

import dramatiq
import pytest
from dramatiq.middleware import AgeLimit, CurrentMessage

from osmod.jobs import JobActor, steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import InvalidOption
from osmod.jobs.records import JobFilter
from osmod.jobs.schedules import every
from osmod.jobs.schedules.middleware import SchedulesMiddleware
from osmod.jobs.states import JobState
from tests.jobs.conftest import working
from tests.jobs.one_server import server as server
from tests.jobs.worker.errands import Errands
from tests.waiting import until


@pytest.mark.parametrize(
    "error", [SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError, StopIteration]
)
def test_whatever_one_raises_the_others_go_on(broker: JobBroker, error: type[BaseException]) -> None:
    """An exit, too, is the end of the one job."""
    errands = Errands(broker)
    errands.bad = {1: [error()]}
    ids = errands.send(1, 2)

    with working(broker, threads=1):
        until(lambda: len(errands.begun) == 2)
        errands.let_go(1)
        until(lambda: errands.states(ids[:1]) == [JobState.FAILED])
        errands.let_go()
        broker.join("default", timeout=120_000)

    assert errands.states(ids) == [JobState.FAILED, JobState.DONE]


def test_what_one_left_behind_ends_nobody(broker: JobBroker) -> None:
    """A task that it started and did not wait for exits."""
    errands = Errands(broker)
    left: list[asyncio.Task[None]] = []

    async def exits() -> None:
        raise SystemExit(3)

    @dramatiq.actor(actor_class=JobActor, concurrency=2)
    async def careless() -> None:
        left.append(asyncio.get_running_loop().create_task(exits()))

    (one,) = errands.send(1)
    careless.send()

    with working(broker, threads=1):
        until(lambda: left and left[0].done())
        errands.let_go()
        broker.join("default", timeout=120_000)

    assert errands.states([one]) == [JobState.DONE]
    with pytest.raises(SystemExit):
        left[0].result()


@pytest.mark.parametrize("limit", ["soon", {"a": 1}, -5, float("nan"), True])
def test_a_time_limit_that_is_none(broker: JobBroker, limit: Any) -> None:
    """Put into Redis by something else than this broker, which refuses it: the actor's own holds."""
    errands = Errands(broker)
    errands.let_go()
    message = errands.errand.message(number=1)
    message.options["time_limit"] = limit
    broker.do_enqueue("default", message.message_id, message.encode())
    (other,) = errands.send(2)

    with working(broker, threads=1):
        broker.join("default", timeout=120_000)

    assert errands.states([message.message_id, other]) == [JobState.DONE, JobState.DONE]


def test_one_that_is_cancelled_before_it_begins_does_not(broker: JobBroker) -> None:
    """While it waits in this process for another to end."""
    errands = Errands(broker, concurrency=1)
    first, second = errands.send(1, 2)

    with working(broker, threads=1):
        until(lambda: errands.begun == [1])
        until(lambda: errands.states([second]) == [JobState.ACTIVE])
        steering.cancel(broker, JobFilter(ids=(second,)), by="test")
        until(lambda: second in broker.custody.unwanted)
        errands.let_go()
        broker.join("default", timeout=120_000)

    assert errands.begun == [1]
    assert errands.states([first, second]) == [JobState.DONE, JobState.CANCELLED]


def test_the_urgent_begins_first(broker: JobBroker) -> None:
    """Of those that wait in this process for another to end, as of those that wait for a thread."""
    errands = Errands(broker, concurrency=1)
    errands.send(1)

    with working(broker, threads=4):
        until(lambda: errands.begun == [1])
        work_queue = broker.lifecycle.work_queue
        assert work_queue is not None
        errands.send(2, 3, priority="low")
        until(lambda: work_queue.qsize() == 2)
        errands.send(4, priority="high")
        until(lambda: work_queue.qsize() == 3)
        errands.let_go()
        broker.join("default", timeout=120_000)

    assert errands.begun == [1, 4, 2, 3]


def test_an_age_limit_of_all_is_asked_before(broker: JobBroker) -> None:
    """One that the broker's middleware has for whoever has none: what is too old does not run, what ran is done."""
    (age_limit,) = [one for one in broker.middleware if isinstance(one, AgeLimit)]
    age_limit.max_age = 3_600_000
    errands = Errands(broker)
    errands.let_go()
    old = errands.errand.message(number=1).copy(message_timestamp=1_000)
    broker.enqueue(old)
    (young,) = errands.send(2)

    with working(broker, threads=1):
        broker.join("default", timeout=120_000)

    assert errands.begun == [2]
    assert errands.states([old.message_id, young]) == [JobState.FAILED, JobState.DONE]


def test_a_schedule_is_refused(make_broker: Any) -> None:
    """Whether its slot was run before is asked before it runs."""
    make_broker(middleware=[SchedulesMiddleware()])

    async def errand() -> None: ...

    with pytest.raises(InvalidOption, match="concurrency=10: does not go with periodic"):
        dramatiq.actor(actor_class=JobActor, concurrency=10, periodic=every("1 hour"))(errand)


def test_one_that_lost_its_lease_while_it_waited_is_asked_for(broker: JobBroker) -> None:
    """As its process was frozen: whoever has it now runs it."""
    errands = Errands(broker, concurrency=1)
    first, second = errands.send(1, 2)

    with working(broker, threads=1):
        until(lambda: errands.begun == [1])
        until(lambda: broker.custody.held("default", second))
        held = broker.custody.held("default", second)
        assert held is not None
        held.lost, held.token = True, b"passed on"
        errands.let_go(1)
        until(lambda: errands.states([first]) == [JobState.DONE])
        until(lambda: broker.custody.held("default", second) is None)
        assert errands.begun == [1]


def test_one_that_lost_its_lease_while_it_ran_asks_no_more(
    broker: JobBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its end is told, and refused: the one thread for all ends does not wait for leave to begin."""
    errands = Errands(broker)
    (one,) = errands.send(1)
    asked: list[str] = []
    monkeypatch.setattr(broker.custody.suspects, "begin", lambda job: asked.append(job.message_id))

    with working(broker, threads=1):
        until(lambda: errands.begun == [1])
        held = broker.custody.held("default", one)
        assert held is not None
        held.lost = True
        errands.let_go()
        until(lambda: broker.custody.held("default", one) is None)

    assert asked == []


def test_each_sees_its_own_message(broker: JobBroker) -> None:
    """Dramatiq's `CurrentMessage` says which inside it, after an `await` and in what it starts, as in a thread."""
    broker.add_middleware(CurrentMessage())
    seen: dict[int, list[str | None]] = {}

    def current() -> str | None:
        message = CurrentMessage.get_current_message()
        return str(message.message_id) if message else None

    @dramatiq.actor(actor_class=JobActor, concurrency=10, max_retries=0)
    async def look(number: int) -> None:
        before = current()
        await asyncio.sleep(0.01)
        seen[number] = [before, current(), await asyncio.to_thread(current)]

    ids = [look.send(number).message_id for number in range(3)]
    with working(broker, threads=1):
        broker.join("default")

    assert seen == {number: [one] * 3 for number, one in enumerate(ids)}
