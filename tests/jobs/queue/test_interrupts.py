"""An exception that is raised in a job's thread reaches that job or nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from time import monotonic, sleep
from typing import Any

import dramatiq
import pytest
from dramatiq import Broker, MessageProxy, Middleware
from dramatiq.middleware import Interrupt, Retries, TimeLimitExceeded

from osmod.jobs import steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.middleware.shutdown import ShutdownNotifications
from osmod.jobs.middleware.timelimit import TimeLimit
from osmod.jobs.queue.interrupts import interrupt, interruptible
from osmod.jobs.records.filters import JobFilter
from tests.jobs.conftest import working
from tests.queue_counts import queue_counts
from tests.waiting import until

THREADS = 8


def _pass(seconds: float) -> None:
    """Let time pass, open to be interrupted all the while."""
    over = monotonic() + seconds
    while monotonic() < over:
        sleep(0.0001)


class _Slow(Middleware):
    """A hook that takes its time after each job, and writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: Any = None
    ) -> None:
        self.begun.set()
        while not self.go_on.is_set():
            _pass(0.001)
        self.told.append(type(exception).__name__)


def test_a_time_limit_interrupts_its_own_job_and_no_thread_dies(
    make_broker: Callable[..., JobBroker],
) -> None:
    """Jobs that end about when their limit is over are interrupted or not; those beside them never are.

    What comes too late for its job would hit the next one of the thread or the thread between two jobs,
    where it ends the thread and leaves a job unsettled for ever.
    """
    broker = make_broker(middleware=[TimeLimit(interval=1), Retries(max_retries=0)])
    innocent: list[Interrupt] = []

    @dramatiq.actor(time_limit=2)
    def late() -> None:
        _pass(0.002)

    @dramatiq.actor
    def other() -> None:
        try:
            sleep(0.0005)
        except Interrupt as interrupt:
            innocent.append(interrupt)

    with working(broker, threads=THREADS) as worker:
        for _ in range(20):
            broker.send_many(actor.message() for _ in range(150) for actor in (late, other))
            broker.join("default", timeout=120_000)
        alive = sum(thread.is_alive() for thread in worker.workers)

    assert ([], THREADS) == (innocent, alive)


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("by", ["time limit", "cancel", "shutdown"])
def test_nothing_is_raised_in_hooks(make_broker: Callable[..., JobBroker], by: str, fails: bool) -> None:
    """Once the actor has returned or raised, hooks are called once, and the job is settled as it ended."""
    slow = _Slow()
    limit = 50 if by == "time limit" else 60_000
    broker = make_broker(
        middleware=[
            TimeLimit(interval=1, time_limit=limit),
            ShutdownNotifications(notify_shutdown=True),
            slow,
            Retries(max_retries=0),
        ]
    )

    def act() -> None:
        if fails:
            raise ValueError("as told")

    message = dramatiq.actor(actor_name="act")(act).send()
    with working(broker, threads=1) as worker:
        assert slow.begun.wait(120)
        if by == "cancel":
            steering.cancel(broker, JobFilter(ids=(message.message_id,)))
            until(lambda: broker.custody.unwanted)
        elif by == "shutdown":
            broker.emit_before("worker_shutdown", worker)
        _pass(0.1)
        slow.go_on.set()
        until(lambda: queue_counts(broker, "default").active == 0)
        alive = [thread.is_alive() for thread in worker.workers]
    counts = queue_counts(broker, "default")

    assert (["ValueError" if fails else "NoneType"], [True]) == (slow.told, alive)
    if by != "cancel":
        assert ((0, 1) if fails else (1, 0)) == (counts.done, counts.failed)


@pytest.fixture
def loop() -> Iterator[Callable[[Callable[[], None]], threading.Thread]]:
    """Runs a function over and over in a thread of its own, until the test ends; `Interrupt` ends one run."""
    over = threading.Event()
    threads: list[threading.Thread] = []

    def start(function: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            while not over.is_set():
                try:
                    function()
                except Interrupt:
                    continue

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        return threads[-1]

    yield start
    over.set()
    for thread in threads:
        thread.join(120)


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_interrupt_never_leaves_its_function(loop: Callable[..., threading.Thread]) -> None:
    """However many are raised at once: what was not delivered when the function returned is withdrawn."""
    shots = outside = 0

    @interruptible
    def job() -> None:
        _pass(0.00005)

    def run() -> None:
        nonlocal outside
        with suppress(Interrupt):
            job()
        try:
            sum(range(200))
        except Interrupt:
            outside += 1

    thread = loop(run)
    for _ in range(2):
        loop(lambda: interrupt(thread.ident or 0, TimeLimitExceeded))
    deadline = monotonic() + 2
    while monotonic() < deadline:
        shots += interrupt(thread.ident or 0, Interrupt)

    assert shots > 100
    assert (0, True) == (outside, thread.is_alive())


def test_only_what_is_meant_is_interrupted(loop: Callable[..., threading.Thread]) -> None:
    """A thread outside of an actor is not, nor is another run than the one that it was meant for."""
    inside = threading.Event()

    @interruptible
    def job() -> None:
        inside.set()
        _pass(0 if ended.is_set() else 10)

    @interruptible
    def calls_another() -> None:
        try:
            interruptible(_pass)(0)
            job()
        finally:
            ended.set()

    ended = threading.Event()
    idle = loop(lambda: _pass(0.01))
    busy = loop(calls_another)
    assert inside.wait(120)

    assert not interrupt(idle.ident or 0, Interrupt)
    assert not interrupt(busy.ident or 0, Interrupt, lambda: False)
    assert not ended.is_set()
    assert interrupt(busy.ident or 0, Interrupt)
    assert ended.wait(120)
