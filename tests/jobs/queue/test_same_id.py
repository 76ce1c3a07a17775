"""A message id that is sent while its job runs: who sends it says what it means."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import dramatiq
from dramatiq import Message, Middleware
from dramatiq.middleware import AsyncIO, CurrentMessage, SkipMessage

from osmod.jobs.broker import JobBroker
from tests.jobs.conftest import working
from tests.queue_counts import queue_counts
from tests.waiting import until


def test_the_same_id_from_elsewhere_is_the_job_that_runs(broker: JobBroker) -> None:
    """Sent three times by another thread of the process that runs it, and by another job there: it runs once."""
    began, may_end, runs = threading.Event(), threading.Event(), []

    @dramatiq.actor
    def once() -> None:
        runs.append(1)
        began.set()
        assert may_end.wait(120)

    @dramatiq.actor
    def send_it() -> None:
        broker.enqueue(message)

    message = once.message()
    with working(broker):
        for _ in range(3):
            broker.enqueue(message)
            assert began.wait(120)
        send_it.send()
        until(lambda: queue_counts(broker, "default").done == 1)
        may_end.set()
        broker.join("default", timeout=120_000)

    assert [1] == runs


def test_a_run_can_send_its_own_job_again(broker: JobBroker) -> None:
    """What the thread of the run sends under the job's id is its retry."""
    broker.add_middleware(CurrentMessage())
    runs: list[int] = []

    @dramatiq.actor
    def again() -> None:
        runs.append(1)
        if len(runs) < 3:
            message = CurrentMessage.get_current_message()
            assert message is not None
            broker.enqueue(message.copy(), delay=5)

    with working(broker):
        again.send()
        broker.join("default", timeout=120_000)

    assert 3 == len(runs)
    assert 1 == queue_counts(broker, "default").done


def test_a_coroutine_is_its_run_too(broker: JobBroker) -> None:
    """An async actor runs in another thread, and still sends its own retry; who else sends its id does not."""
    broker.add_middleware(AsyncIO())
    began, may_end, runs = threading.Event(), threading.Event(), []

    @dramatiq.actor
    async def again() -> None:
        runs.append(1)
        began.set()
        await asyncio.to_thread(may_end.wait, 10)
        if len(runs) < 2:
            broker.enqueue(message)

    message: Message[Any] = again.message()
    with working(broker):
        broker.enqueue(message)
        assert began.wait(120)
        broker.enqueue(message)
        may_end.set()
        broker.join("default", timeout=120_000)

    assert 2 == len(runs)


def test_a_hook_before_the_run_can_put_the_job_off(broker: JobBroker) -> None:
    """Middleware that sends a copy and skips the job, to wait for something, puts it off and loses nothing."""
    runs: list[int] = []

    class NotYet(Middleware):
        asked = 0

        def before_process_message(self, broker: Any, message: Any) -> None:
            self.asked += 1
            if self.asked == 1:
                broker.enqueue(message.copy(), delay=5)
                raise SkipMessage("not yet")

    broker.add_middleware(NotYet(), before=type(broker.middleware[0]))
    actor = dramatiq.actor(actor_name="note")(lambda: runs.append(1))
    with working(broker):
        actor.send()
        broker.join("default", timeout=120_000)

    assert [1] == runs
