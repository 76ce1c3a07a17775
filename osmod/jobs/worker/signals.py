"""What signals ask of a process: to stop in order, or, asked again, at once. See docs/signals.md.

A signal to a process group reaches a worker twice, once more from its parent, which passes on its own.
"""

from __future__ import annotations

import atexit
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import forkserver
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType
from typing import NoReturn

import psutil
from dramatiq.cli import RET_KILLED

_log = logging.getLogger(__name__)

#: Seconds within which signals are one and the same request.
SAME = 1.0
#: Seconds that a process takes at most to end at once.
AT_ONCE = 0.9
#: Seconds that a process which has nothing more to do gets to end.
LEAVING = 5.0
#: Seconds between two looks at whether the parent lives and whether time is over.
LOOK = 0.5
#: Seconds after which a busy job gives way to a process's last acts: at Python's five milliseconds for each look into
#: /proc, to find what this process started took a second beside a hundred processes.
HASTE = 0.0001

#: The signals that ask a worker process to stop. Ctrl-C is for its parent, which passes it on.
STOPPING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class Latch:
    """An event that a signal handler may set: there `threading.Event` can wait for itself for ever."""

    def __init__(self) -> None:
        self._set = False
        self._wake: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        """Let whoever waits go on."""
        self._set = True
        self._wake.put(None)

    def is_set(self) -> bool:
        """Whether it was set."""
        return self._set

    def wait(self, seconds: float) -> bool:
        """Wait until it is set, at most so many seconds. Returns whether it is. One thread may wait."""
        if not self._set:
            with suppress(Empty):
                self._wake.get(timeout=max(0.0, seconds))
        return self._set


class StopRequests:
    """Handles the signals by which this process is asked to stop.

    The first calls `stop`. SIGTERM (or SIGINT) more than a second after the first SIGTERM ends the process
    within a second; until then it is the same request, and SIGHUP never is more. The process's own watch ends
    it, too, if it is not gone `patience` seconds after the first signal. Its parent's death counts as a signal,
    where `multiprocessing` made the process.

    To end is to call `let_go`, in a thread of its own, while everything else still runs, and to exit when that
    returns or `AT_ONCE` is over: nothing that hangs can hold it up. What this process started is asked to end.

    Parameters:
      stop: begins to stop; called in the main thread, by the signal handler and with its arguments.
    """

    def __init__(self, stop: Callable[[int, FrameType | None], object]) -> None:
        self.patience = LEAVING
        self.let_go: Callable[[], object] = lambda: None
        self.process = os.getpid()
        self._stop = stop
        self._parent = multiprocessing.parent_process()
        # Of a process that a fork server made, that is the parent. Any other's may be gone by now.
        by_server = forkserver.get_inherited_fds() is not None
        self._under = os.getppid() if self._parent is None or by_server else self._parent.pid
        self._first: float | None = None
        self._terminated: float | None = None
        self._echo = False
        self._ends: SimpleQueue[tuple[int, str]] = SimpleQueue()
        self._watch = threading.Thread(target=self._keep_watch, name="stop-requests", daemon=True)

    def listen(self, *numbers: signal.Signals) -> None:
        """Handle these signals from now on, and ignore them as Python exits. Only the main thread can call this."""
        global _current
        _current = self
        for number in numbers:
            signal.signal(number, self._handle)
            # An exiting Python gives its handlers up: the next signal would end this process by itself.
            atexit.register(signal.signal, number, signal.SIG_IGN)
        # A signal that comes while another is on its way to the main thread is delivered to a different one, if
        # that lets it: the main thread would not wake for it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
        self._watch.start()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    @property
    def asked(self) -> bool:
        """Whether this process was asked to stop."""
        return self._first is not None

    def orphaned(self) -> bool:
        """Whether the process that made this one is gone."""
        # The sentinel of a forked process stays open in those forked after it; a process made by a fork server
        # has that as its parent.
        parent = self._parent
        return parent is not None and (os.getppid() != self._under or not parent.is_alive())

    def ask(self) -> None:
        """Ask this process to stop, as a signal would. Nothing happens if it was asked before."""
        if not self.asked:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)

    def end(self, code: int) -> NoReturn:
        """End this process at once, with an exit code."""
        self._ends.put((code, ""))
        self._watch.join()
        raise AssertionError("a watch ends with its process")

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self.process:
            # A job forked this process, and the signal is meant for it.
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        now = time.monotonic()
        if signal.Signals(number).name != "SIGHUP":
            self._again(number, now)
        if self._first is None:
            self._first = now
            self._stop(number, frame)

    def _again(self, number: int, now: float) -> None:
        if self._terminated is None:
            self._terminated = now
            self._echo = _has_yet_to_pass_on(self._parent.pid if self._parent else None, number)
        elif now - self._terminated > SAME:
            if not self._echo:
                self._ends.put((RET_KILLED, "Asked again to stop: ending at once."))
            self._echo = False

    def _keep_watch(self) -> None:
        while True:
            try:
                code, reason = self._ends.get(timeout=LOOK)
                break
            except Empty:
                if self._first is not None and time.monotonic() - self._first > self.patience:
                    code, reason = RET_KILLED, f"Not gone after {self.patience:.1f} seconds: ending at once."
                    break
            if self.orphaned():
                self.ask()
        try:
            sys.setswitchinterval(HASTE)
            # Even logging can hang.
            words = [threading.Thread(target=self.let_go, daemon=True)]
            if reason:
                words.append(threading.Thread(target=_log.warning, args=(reason,), daemon=True))
            deadline = time.monotonic() + AT_ONCE
            for one in words:
                one.start()
            for one in words:
                one.join(max(0.0, deadline - time.monotonic()))
            # Not before: their ends would be taken for those of the jobs that wait for them.
            _end_descendants()
        finally:
            os._exit(code)


_current: StopRequests | None = None


def current() -> StopRequests | None:
    """What handles the signals of this process, if it is one of those that this module looks after."""
    return _current if _current is not None and _current.process == os.getpid() else None


def take_over() -> StopRequests | None:
    """Handle this process's signals from now on, if it is a worker of `dramatiq` or `osmod worker`.

    Dramatiq's own handler exits on the second signal: from wherever the main thread is, while jobs run, into
    an exit that waits for the event loop's thread for ever. It is called for the first one only.
    """
    requests, handler = current(), signal.getsignal(signal.SIGTERM)
    if requests is not None or multiprocessing.parent_process() is None or not callable(handler):
        return requests

    def stop(number: int, frame: FrameType | None) -> None:
        try:
            handler(number, frame)
        except SystemExit:
            # It had been asked before, while modules were imported.
            _log.debug("Dramatiq knows already.")

    requests = StopRequests(stop)
    requests.listen(*STOPPING)
    return requests


def _end_descendants() -> None:
    """Ask what this process started to end, except what was given a session of its own."""
    for process in psutil.Process().children(recursive=True):
        with suppress(OSError, psutil.Error):
            if os.getsid(process.pid) == os.getsid(0):
                process.terminate()


def _has_yet_to_pass_on(parent: int | None, number: int) -> bool:
    """Whether the parent got the same signal and blocks it, as Dramatiq's does until all its workers started."""
    try:
        lines = Path(f"/proc/{parent}/status").read_text().splitlines()
    except OSError:
        return False  # Not Linux, or there is no parent.
    masks = [int(line[7:], 16) for line in lines if line.startswith(("SigBlk:", "ShdPnd:"))]
    return bool(masks) and all(mask >> (number - 1) & 1 for mask in masks)
