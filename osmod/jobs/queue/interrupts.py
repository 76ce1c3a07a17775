"""Raises exceptions in threads that run a job: they reach the job they are meant for, or nobody.

Python delivers such an exception some time after it was set, wherever the thread is by then: in the next job, in
a hook, or between two jobs, where it would end the thread and leave a job unsettled. So it is only set while the
thread is inside an actor's function, and one that was not delivered before that returned is withdrawn.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from functools import wraps
from threading import get_ident
from typing import ParamSpec, TypeVar

from dramatiq.middleware import Interrupt, raise_thread_exception

P = ParamSpec("P")
R = TypeVar("R")

_lock = threading.Lock()
#: The threads that are inside an actor's function. Each adds and removes itself alone.
_inside: set[int] = set()
#: The threads that somebody aims at, or aimed at while they were in the function that they are in.
_aimed_at: set[int] = set()

_withdraw = ctypes.pythonapi.PyThreadState_SetAsyncExc


def interrupt(thread: int, exception: type[Interrupt], meant: Callable[[], bool] = lambda: True) -> bool:
    """Raise an exception in a thread if it is inside an actor and `meant` says that it is the right one.

    While `meant` is asked, which should be quick, the thread does not get out of the actor that it is in.
    Returns whether the exception was set. Blocking system calls and C code are not interrupted; the exception
    is raised when they return.
    """
    with _lock:
        # First, so that a thread that leaves from now on waits for the lock.
        _aimed_at.add(thread)
        if thread not in _inside or not meant():
            return False
        raise_thread_exception(thread, exception)  # type: ignore[no-untyped-call]
        return True


def interruptible(function: Callable[P, R]) -> Callable[P, R]:
    """An actor's function, open to `interrupt` until it returns or raises."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        thread = get_ident()
        if thread in _inside:
            return function(*args, **kwargs)  # Called by another actor: part of that job.
        # What is on its way to the thread may be raised in either `finally`, once in each at most: one that was
        # set before the thread was known to be out, and one that somebody was about to set.
        try:
            try:
                _inside.add(thread)
                return function(*args, **kwargs)
            finally:
                _inside.discard(thread)
                if thread in _aimed_at:
                    _dodge(thread)
        finally:
            if thread in _aimed_at:
                _dodge(thread)

    return run


def _dodge(thread: int) -> None:
    """Withdraw what was set for the calling thread and not raised yet."""
    try:
        _lock.acquire()  # Whoever aims has shot. Inside `try`, as what was shot may be raised here.
        _aimed_at.discard(thread)
        _withdraw(ctypes.c_ulong(thread), None)
    finally:
        _lock.release()
