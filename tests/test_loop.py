"""One event loop a process, for threads that wait."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from dramatiq.middleware import Interrupt, raise_thread_exception

from osmod.loop import run
from tests.waiting import until


async def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


async def _fails() -> None:
    raise TimeoutError("of the coroutine's own")


def test_all_threads_share_one_loop() -> None:
    """However many there are, and whoever comes first."""
    with ThreadPoolExecutor(8) as pool:
        assert 1 == len(set(pool.map(lambda _: run(_loop()), range(32))))


def test_what_a_coroutine_raises_is_raised() -> None:
    """As it is, a timeout of its own, too."""
    with pytest.raises(TimeoutError, match="of the coroutine's own"):
        run(_fails())


def test_a_time_limit_reaches_who_waits_and_what_is_waited_for() -> None:
    """An exception that is raised in the thread ends the wait, and cancels the coroutine."""
    begun, cancelled, raised = threading.Event(), threading.Event(), threading.Event()

    async def endless() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    def wait() -> None:
        try:
            run(endless())
        except Interrupt:
            raised.set()

    thread = threading.Thread(target=wait)
    thread.start()
    assert begun.wait(120)
    assert thread.ident
    raise_thread_exception(thread.ident, Interrupt)
    assert raised.wait(120)
    assert cancelled.wait(120)
    thread.join()


def test_a_coroutine_may_wait_for_another() -> None:
    """And that for a third: each is on a loop that nobody holds up, the same each time."""

    async def nested(depth: int) -> list[asyncio.AbstractEventLoop]:
        return [asyncio.get_running_loop(), *(run(nested(depth - 1)) if depth else ())]

    results: list[list[asyncio.AbstractEventLoop]] = []
    for _ in range(2):
        thread = threading.Thread(target=lambda: results.append(run(nested(2))), daemon=True)
        thread.start()
        thread.join(120)

    assert len(results) == 2
    assert results[0] == results[1]
    assert len(set(results[0])) == 3


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_makes_its_own() -> None:
    """In the child the loop is another one, on a thread of its own; the parent's goes on."""
    parents = run(_loop())
    child = os.fork()
    if not child:
        os._exit(0 if run(_loop()) is not parents else 1)
    assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert run(_loop()) is parents
    until(lambda: run(asyncio.sleep(0, True)), what="the parent's loop still turns")
