"""One process under `osmod.jobs.worker.supervisor`: what it is made from, and how it is asked to end."""

from __future__ import annotations

import math
import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from typing import Any

from dramatiq.cli import HANDLED_SIGNALS

#: Seconds after which a process that should be gone by itself is killed.
LATE = 3.0

SPAWN = multiprocessing.get_context("spawn")


class Origin:
    """What worker processes are made from: one that has loaded what they share, or nothing.

    Parameters:
      ahead: the module that is imported before the first process is forked; if empty, each loads all by itself.
    """

    def __init__(self, ahead: str = "") -> None:
        self.context: ForkServerContext | SpawnContext = SPAWN
        if ahead:
            self.context = multiprocessing.get_context("forkserver")
            self.context.set_forkserver_preload([ahead])

    @property
    def is_shared(self) -> bool:
        """Whether processes have anything in common."""
        return self.context is not SPAWN

    def anew(self) -> None:
        """Have each process load all by itself from now on: what was loaded is old, or could not be."""
        self.context = SPAWN


class Process:
    """A process, which is asked to end once, however many reasons there are."""

    def __init__(
        self,
        target: Callable[..., object],
        *arguments: Any,
        daemon: bool = False,
        context: ForkServerContext | SpawnContext = SPAWN,
    ) -> None:
        self._process: BaseProcess = context.Process(target=target, args=arguments, daemon=daemon)
        self._asked: float | None = None
        #: Seconds in which it ends when it is asked to, until it tells better.
        self.patience = math.inf
        with _signals_held():
            self._process.start()
        self.sentinel = self._process.sentinel

    def ask(self) -> None:
        """Have it end in its own time."""
        if self._asked is None:
            self._asked = time.monotonic()
            self._process.terminate()

    def is_overdue(self) -> bool:
        """Whether it was asked to end and cannot."""
        return self._asked is not None and time.monotonic() - self._asked > self.patience + LATE

    def insist(self) -> None:
        """Have it end now; it was asked more than `osmod.jobs.worker.signals.SAME` ago."""
        self._process.terminate()

    def kill(self) -> None:
        """End it from outside."""
        self._process.kill()

    def join(self, seconds: float) -> None:
        """Wait for its end."""
        self._process.join(seconds)

    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process.is_alive()

    @property
    def exitcode(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.exitcode


@contextmanager
def _signals_held() -> Iterator[None]:
    """Keep signals back, also in a process that is made meanwhile, until it handles them."""
    resource_tracker.ensure_running()  # Making a process would start it, and let SIGTERM through again.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
