"""The processes under `osmod.jobs.worker.supervisor`: how each is made, asked to end, and replaced."""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Iterable
from multiprocessing.connection import Connection

from osmod.jobs.wire.backoff import Backoff
from osmod.jobs.worker.patience import GRACE
from osmod.jobs.worker.process import SPAWN, Origin, Process
from osmod.jobs.worker.signals import LEAVING
from osmod.jobs.worker.supervised import run_fork, run_worker

_log = logging.getLogger(__name__)

#: Seconds that a process must have lived for its death not to count as one at the start.
STABLE = 10.0
#: Seconds that a fork function gets to end.
FORKS_END = 2.0


class Restarts:
    """When a process is started anew: after pauses that grow while those before it die young."""

    def __init__(self) -> None:
        self._backoff = Backoff(first=0.5, most=30.0)
        self._began = self._due = 0.0

    @property
    def is_due(self) -> bool:
        """Whether the next may be started."""
        return time.monotonic() >= self._due

    def began(self) -> None:
        """Note that one was started."""
        self._began = time.monotonic()

    def died(self) -> None:
        """Note that it died by itself."""
        if time.monotonic() - self._began > STABLE:
            self._backoff.reset()
        self.failed()

    def failed(self) -> None:
        """Note that none could be started."""
        self._due = time.monotonic() + self._backoff.next()

    def at_once(self) -> None:
        """Have the next one started without a pause."""
        self._due = 0.0


class Slot:
    """One of the places that a worker process fills, and what became of those that filled it."""

    def __init__(self, options: argparse.Namespace, origin: Origin) -> None:
        self._options, self._origin = options, origin
        self._restarts = Restarts()
        self.process: Process | None = None
        self.pipe: Connection | None = None
        self._retiring: list[Process] = []

    def start_if_due(self) -> None:
        """Start a process where there is none, unless the last one died just now."""
        if self.process is None and self._restarts.is_due:
            try:
                self.pipe, theirs = SPAWN.Pipe(duplex=False)
                with theirs:
                    self.process = Process(run_worker, self._options, theirs, context=self._origin.context)
            except (OSError, EOFError) as error:
                if self._origin.is_shared:
                    _log.error(
                        "What worker processes share could not be loaded, each loads it by itself: %s", error
                    )
                    self._origin.anew()
                else:
                    _log.error("No worker process could be started, trying again: %s", error)
                self._vacate()
                self._restarts.failed()
                return
            self.process.patience = self._options.worker_shutdown_timeout / 1000 + GRACE + LEAVING
            self._restarts.began()

    def hear(self) -> tuple[str, list[str], float] | None:
        """What the process tells, having something to tell; None if that was its last word."""
        try:
            heard: tuple[str, list[str], float] | None = self.pipe.recv() if self.pipe is not None else None
        except (EOFError, OSError):
            self._hang_up()
            return None
        return heard

    def retire(self) -> None:
        """Let the process end in its own time, and have a successor at once."""
        if self.process is not None:
            self.process.ask()
            self._retiring.append(self.process)
            self._vacate()
            self._restarts.at_once()

    def reap(self) -> int | None:
        """The exit code of the process, if it has ended by itself. Its successor starts when due."""
        self._retiring = [one for one in self._retiring if one.is_alive()]
        for one in self._retiring:
            if one.is_overdue():
                _log.error("A worker process that was to stop did not; killing it.")
                one.kill()
        if self.process is None or self.process.is_alive():
            return None
        code = self.process.exitcode
        self._vacate()
        self._restarts.died()
        return code

    def everyone(self) -> list[Process]:
        """The process, and those before it that have not ended yet."""
        return [*self._retiring, *([self.process] if self.process is not None else [])]

    def _vacate(self) -> None:
        self._hang_up()
        self.process = None

    def _hang_up(self) -> None:
        if self.pipe is not None:
            self.pipe.close()
            self.pipe = None


class Fork:
    """A function that runs beside the workers in a process of its own, which is replaced when it dies."""

    def __init__(self, options: argparse.Namespace, path: str) -> None:
        self._options, self._path = options, path
        self._restarts = Restarts()
        self.process: Process | None = None

    def look(self) -> None:
        """Start it where it does not run, unless it died just now. One that returned is done."""
        if self.process is not None and (code := self.process.exitcode):
            _log.error("The fork function %s ended with code %s; starting it anew.", self._path, code)
            self.process = None
            self._restarts.died()
        if self.process is None and self._restarts.is_due:
            try:
                self.process = Process(run_fork, self._options, self._path, daemon=True)
            except OSError as error:
                _log.error("The fork function %s could not be started, trying again: %s", self._path, error)
                self._restarts.failed()
            else:
                self._restarts.began()


class Forks:
    """What middleware, or `--fork-function`, wants to run beside the workers."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._forks: dict[str, Fork] = {}

    def start(self, paths: Iterable[str]) -> None:
        """Start those that are not there yet."""
        for path in paths:
            if path not in self._forks:
                self._forks[path] = Fork(self._options, path)
                self._forks[path].look()

    def look(self) -> None:
        """Replace those that died."""
        for fork in self._forks.values():
            fork.look()

    def stop(self) -> None:
        """End them all."""
        processes = [fork.process for fork in self._forks.values() if fork.process is not None]
        for process in processes:
            process.ask()
        deadline = time.monotonic() + FORKS_END
        for process in processes:
            process.join(max(0.0, deadline - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join(FORKS_END)
        self._forks.clear()
