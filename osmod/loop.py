"""This process's one event loop, on a thread of its own: coroutines run there, and threads wait for them."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from types import FrameType
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")

_log = logging.getLogger(__name__)

#: Seconds between two moments at which a thread that waits can be interrupted: an exception that is raised in it
#: from outside, such as a time limit's, is not seen inside a system call.
LOOK = 0.5
#: Threads for what would block the loop, name resolution above all: one name that does not resolve holds one.
THREADS = 32
#: Threads for calls that are over soon, or that all wait for.
THREADS_IN_COMMON = 8


class PerLoop(Generic[T]):
    """A value for each event loop, made when it is first asked for. A fork begins with none."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._values: WeakKeyDictionary[asyncio.AbstractEventLoop, T] = WeakKeyDictionary()

    def get(self) -> T:
        """That of the running loop."""
        loop = asyncio.get_running_loop()
        try:
            return self._values[loop]
        except KeyError:
            return self._values.setdefault(loop, self._make())


_in_common = PerLoop(lambda: ThreadPoolExecutor(THREADS_IN_COMMON, "osmod-loop"))


async def in_common(function: Callable[..., T], *arguments: Any) -> T:
    """What a function that blocks returns, in the loop's name: it does not queue behind names that do not resolve."""
    call = partial(copy_context().run, function, *arguments)
    return await asyncio.get_running_loop().run_in_executor(_in_common.get(), call)


class _Home:
    """Where the loop of this process is, and those on which coroutines run for which one of them waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loops: list[asyncio.AbstractEventLoop] = []

    def loop(self, held_up: asyncio.AbstractEventLoop | None = None) -> asyncio.AbstractEventLoop:
        """The process's, or, where the caller holds that up, the next one."""
        with self._lock:
            at = self._loops.index(held_up) + 1 if held_up in self._loops else 0
            if at == len(self._loops):
                self._loops.append(_started())
            return self._loops[at]


def _started() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(THREADS, "osmod-loop"))
    threading.Thread(target=_serve, args=(loop,), name="osmod-loop", daemon=True).start()
    return loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    """Run a loop for good: that a coroutine exits, or stops the loop, is no reason for others to wait for ever.

    asyncio gives a `SystemExit` or `KeyboardInterrupt` to whoever waits for the coroutine, and has the loop raise it.
    """
    _threads[loop] = threading.get_ident()
    while True:
        try:
            loop.run_forever()
        except BaseException as error:  # noqa: BLE001 - nobody is above this thread
            _log.warning("A coroutine raised %s; the others go on.", type(error).__name__)


_homes = [_Home()]
#: The threads of loops, by their identifiers.
_threads: WeakKeyDictionary[asyncio.AbstractEventLoop, int] = WeakKeyDictionary()


def the_loop() -> asyncio.AbstractEventLoop:
    """The loop of this process; it runs."""
    return _homes[-1].loop()


def frame_of(loop: asyncio.AbstractEventLoop) -> FrameType | None:
    """What a loop's thread runs at this moment: its innermost call."""
    return sys._current_frames().get(_threads.get(loop, 0))


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns or raises; the calling thread waits.

    An exception that is raised in the calling thread meanwhile (time limit, cancelling, shutdown) cancels the
    coroutine, within half a second. Called by a coroutine on the process's loop, as by way of an actor's function or,
    in inline mode, of `send`, it holds up all others until it returns, as whatever blocks does.
    """
    loop, call = _homes[-1].loop(held_up=asyncio._get_running_loop()), _Call(coroutine)
    try:
        loop.call_soon_threadsafe(call.start)
        while not call.done.wait(LOOK):
            pass
    except BaseException:
        loop.call_soon_threadsafe(call.cancel)
        raise
    return call.result()


class _Call(Generic[T]):
    """A coroutine that a thread waits for. It is started and cancelled on the loop: never one amid the other."""

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self.done = threading.Event()
        self._coroutine = coroutine
        self._task: asyncio.Task[T] | None = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._coroutine)
        self._task.add_done_callback(lambda _: self.done.set())

    def cancel(self) -> None:
        if self._task is None:
            self._coroutine.close()
        else:
            self._task.cancel()

    def result(self) -> T:
        assert self._task
        return self._task.result()


# The thread of a parent is not in its child. What was made for the parent's loop is kept all the same: to close it
# would take the parent's sockets out of the `epoll` that both share.
os.register_at_fork(after_in_child=lambda: _homes.append(_Home()))
