"""The work queue between consumers and threads: order, fairness, and how many threads wake."""

from __future__ import annotations

import threading
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from queue import Empty
from typing import Any

import pytest
from dramatiq import Message, MessageProxy
from dramatiq.worker import _WorkQueueItem

from osmod.jobs.worker import pace, workqueue
from osmod.jobs.worker.no_delays import NoDelays
from osmod.jobs.worker.workqueue import MOST_AHEAD, STALL, WorkQueue
from tests.waiting import until

pytestmark = pytest.mark.timed


def _item(name: str, queue_name: str = "default", actor_priority: int = 0, **options: Any) -> _WorkQueueItem:
    message: Message[Any] = Message(queue_name, "actor", (name,), {}, options)
    return _WorkQueueItem(actor_priority, MessageProxy(message))


def _names(items: list[_WorkQueueItem]) -> list[str]:
    return [item.message.args[0] for item in items]


def test_order_is_priority_then_turns_between_queues_then_arrival() -> None:
    """A message's own priority wins over its actor's; a long row of one queue lets others in between."""
    work = WorkQueue(4, ["one", "two"])
    for name in ("a1", "a2", "a3"):
        work.put(_item(name, "one"))
    work.put(_item("b1", "two"))
    work.put(_item("last", "two", actor_priority=10))
    work.put(_item("first", "one", priority="high"))

    work.put(_item("odd", "one", actor_priority=20, priority="no priority"))

    assert _names(work.drain()) == ["first", "a1", "b1", "a2", "a3", "last", "odd"]


def test_no_queue_takes_the_last_thread() -> None:
    """Of two queues served, one may keep all threads but one; its next job waits, the other's does not."""
    work = WorkQueue(2, ["slow", "quick"])
    for name in ("s1", "s2"):
        work.put(_item(name, "slow"))
    assert _names([work.get_nowait()]) == ["s1"]
    with pytest.raises(Empty):
        work.get_nowait()
    work.put(_item("q1", "quick"))

    assert _names([work.get_nowait()]) == ["q1"]
    assert work.qsize() == 1


def test_a_held_back_job_follows_when_a_thread_is_free() -> None:
    """What waited for its queue's turn is given out once a job of the queue is over."""
    work = WorkQueue(2, ["slow", "quick"])
    for name in ("s1", "s2"):
        work.put(_item(name, "slow"))
    work.get_nowait()
    with pytest.raises(Empty):
        work.get_nowait()
    work.task_done()

    assert _names([work.get_nowait()]) == ["s2"]


def test_get_gives_up_after_its_timeout() -> None:
    """As on the queue that it replaces."""
    work = WorkQueue(1, ["default"])
    began = time.monotonic()
    with pytest.raises(Empty):
        work.get(timeout=0.05)
    assert 0.04 < time.monotonic() - began < 30
    assert work.empty()


def _threads(work: WorkQueue, count: int, run: Any) -> threading.Event:
    over = threading.Event()

    def loop() -> None:
        while not over.is_set():
            try:
                item = work.get(timeout=0.05)
            except Empty:
                continue
            run(item)
            work.task_done()

    for _ in range(count):
        threading.Thread(target=loop, daemon=True).start()
    return over


def test_brisk_jobs_are_run_by_one_thread() -> None:
    """Jobs of a few microseconds never have two threads at work at once."""
    work = WorkQueue(4, ["default"])
    running, most = 0, 0

    def run(item: _WorkQueueItem) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        running -= 1

    over = _threads(work, 4, run)
    for number in range(500):
        work.put(_item(str(number)))
    work.join()
    over.set()

    assert most == 1


def test_slow_jobs_get_all_threads() -> None:
    """Once jobs prove slow, as many run as there are threads."""
    work = WorkQueue(4, ["default"])
    release, started = threading.Event(), threading.Semaphore(0)

    def run(item: _WorkQueueItem) -> None:
        started.release()
        release.wait(120)

    over = _threads(work, 4, run)
    for number in range(8):
        work.put(_item(str(number)))
    assert started.acquire(timeout=120)
    until(lambda: work.stall() is not None)
    _seen_to(work)
    for _ in range(3):
        assert started.acquire(timeout=120)
    release.set()
    work.join()
    over.set()


def test_brisk_jobs_let_more_wait_and_a_stall_ends_it() -> None:
    """As many jobs more may wait as were brisk of late, up to a limit; none once jobs prove slow."""
    work = WorkQueue(2, ["default"])
    ahead = []
    for number in (1, 9, MOST_AHEAD):
        for _ in range(number):
            work.put(_item("brisk"))
            work.get_nowait()
            work.task_done()
        ahead.append(work.ahead())
    work.put(_item("slow"))
    work.get_nowait()
    time.sleep(2 * STALL)
    work.rouse()

    assert (ahead, work.ahead()) == ([1, 10, MOST_AHEAD], 0)


def test_a_stall_is_seen_though_no_thread_is_idle() -> None:
    """Jobs that wait while every thread is busy with a slow one were not brisk either."""
    work = WorkQueue(1, ["default"])
    for _ in range(3):
        work.put(_item("brisk"))
        work.get_nowait()
        work.task_done()
    for _ in range(2):
        work.put(_item("slow"))
    work.get_nowait()
    time.sleep(2 * STALL)
    assert STALL == work.stall()
    work.rouse()

    assert (work.ahead(), work.stall()) == (0, None)


def test_what_waits_can_be_taken_back() -> None:
    """Of one queue, what would have come last, also if it was held back for the sake of another."""
    work = WorkQueue(2, ["one", "two"])
    for name in ("a", "b", "c", "d"):
        work.put(_item(name, "one"))
    work.put(_item("other", "two"))
    assert _names([work.get_nowait()]) == ["a"]
    assert _names([work.get_nowait()]) == ["other"]
    with pytest.raises(Empty):
        work.get_nowait()
    taken = work.take_back("one", 2)

    assert [message.args[0] for message in taken] == ["c", "d"]
    assert work.unfinished_tasks == 3
    assert _names(work.drain()) == ["b"]


def test_a_consumer_thread_finds_no_delayed_jobs_in_memory() -> None:
    """They are all in Redis."""
    with pytest.raises(Empty):
        NoDelays().get_nowait()
    NoDelays().join()
    assert NoDelays.unfinished_tasks == 0


def test_calls_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a call has just begun nobody is woken for what the next one may take, unless that is a call's worth."""
    monkeypatch.setattr(pace, "TRIAL", 60.0)
    monkeypatch.setattr(workqueue, "GATHER", 60.0)
    work = WorkQueue(3, ["default"], together=lambda job: 3)
    _seen_to(work)  # from now on jobs are known not to be brisk
    work.put(_item("at work"))
    work.get_nowait()
    with ThreadPoolExecutor(2) as threads:
        taken = [threads.submit(work.get, timeout=60) for _ in range(2)]
        until(lambda: len(work._idle) == 2)
        for name in ("a", "b"):
            work.put(_item(name))
        _seen_to(work)
        assert (2, 60.0) == (work.qsize(), work.stall())

        work.put(_item("c"))
        (first,), _ = wait(taken, timeout=30, return_when=FIRST_COMPLETED)
        assert ["a"] == _names([first.result()])

        monkeypatch.setattr(workqueue, "GATHER", 0.0)  # that call takes long: others are not to wait for it
        _seen_to(work)
        assert {"a", "b"} == {_names([one.result(120)])[0] for one in taken}


def _seen_to(work: WorkQueue) -> None:
    """What a consumer does for jobs that wait."""
    time.sleep(2 * STALL)
    work.rouse()
