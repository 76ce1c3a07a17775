"""`osmod worker`: Dramatiq's command, except that a process that dies is replaced and the others go on.

It takes the options of `dramatiq` and two more: `--recycle-jobs N` and `--recycle-memory MB` replace a
process that ran so many jobs or grew so large. A process that is recycled, or told to stop, ends its jobs
first.
"""

from __future__ import annotations

import argparse
import atexit
import fnmatch
import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Sequence
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from dramatiq.cli import RET_IMPORT, RET_OK, RET_PIDFILE, make_argument_parser, remove_pidfile, setup_pidfile

from osmod.jobs.backoff import Backoff
from osmod.jobs.supervised import READY, RETIRING, run_fork, run_worker, set_up_logging

_log = logging.getLogger(__name__)

#: Seconds that a process must have lived for its death not to count as one at the start.
STABLE = 10.0
#: Seconds between two looks at everything.
LOOK = 0.5

_spawning = multiprocessing.get_context("spawn")


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command line."""
    parser: argparse.ArgumentParser = make_argument_parser()  # type: ignore[no-untyped-call]
    parser.prog = "osmod worker"
    parser.description = "Run workers; replace those that die."
    parser.epilog = None
    for action in parser._actions:
        if action.dest == "broker":  # the project's own entry point, where none is named
            action.nargs, action.default = "?", "worker"
    parser.add_argument("--recycle-jobs", type=int, metavar="N", help="replace a process after so many jobs")
    parser.add_argument("--recycle-memory", type=int, metavar="MB", help="replace one that grew so large")
    return parser.parse_args(argv)


class _Slot:
    """One of the places that a worker process fills, and what became of those that filled it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._backoff = Backoff(first=0.5, most=30.0)
        self.process: SpawnProcess | None = None
        self.pipe: Connection | None = None
        self.retiring: list[SpawnProcess] = []
        self._started = 0.0
        self._start_at = 0.0

    def start_if_due(self) -> None:
        if self.process is None and time.monotonic() >= self._start_at:
            self.pipe, theirs = _spawning.Pipe(duplex=False)
            self.process = _spawning.Process(target=run_worker, args=(self._options, theirs))
            self.process.start()
            theirs.close()
            self._started = time.monotonic()

    def retire(self) -> None:
        """Let the process end in its own time, and have a successor at once."""
        if self.process is not None:
            self.retiring.append(self.process)
            self.vacate(0.0)

    def reap(self) -> int | None:
        """The exit code of the process, if it has ended by itself. Its successor starts when due."""
        self.retiring = [one for one in self.retiring if one.is_alive()]
        if self.process is None or self.process.is_alive():
            return None
        code = self.process.exitcode
        if time.monotonic() - self._started > STABLE:
            self._backoff.reset()
        self.vacate(self._backoff.next())
        return code

    def vacate(self, pause: float) -> None:
        if self.pipe is not None:
            self.pipe.close()
        self.process, self.pipe, self._start_at = None, None, time.monotonic() + pause

    def everyone(self) -> list[SpawnProcess]:
        return [*self.retiring, *([self.process] if self.process is not None else [])]


class Supervisor:
    """Keeps as many worker processes as were asked for, until told to stop."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._slots = [_Slot(options) for _ in range(options.processes)]
        self._forks: dict[str, SpawnProcess] = {}
        self._signals: list[signal.Signals] = []
        self._reload = threading.Event()
        self._code = RET_OK

    def run(self) -> int:
        """Run until told to stop. Returns the exit code of the command."""
        handled = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        before = {number: signal.signal(number, self._on_signal) for number in handled}
        try:
            self._supervise()
            self._stop()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        return self._code

    def _supervise(self) -> None:
        for path in self._options.forks:
            self._fork(path)
        while not self._stopping():
            for slot in self._slots:
                slot.start_if_due()
            self._listen()
            for slot in self._slots:
                code = slot.reap()
                if code == RET_IMPORT:
                    _log.critical("A worker process could not import its modules; giving up.")
                    self._code = RET_IMPORT
                elif code is not None:
                    _log.error("A worker process ended with code %s; starting another.", code)
            if self._reload.is_set():
                self._reload.clear()
                self._signal_workers(signal.SIGTERM)
                for slot in self._slots:
                    slot.retire()

    def _stopping(self) -> bool:
        return self._code != RET_OK or any(number is not signal.SIGHUP for number in self._signals)

    def _on_signal(self, number: int, frame: Any) -> None:
        if number == signal.SIGHUP:
            self._reload.set()
            return
        self._signals.append(signal.Signals(number))
        if len(self._signals) > 1:
            # Not so patient any more: the processes hand back what they hold and exit.
            self._signal_workers(signal.SIGTERM)

    def _signal_workers(self, number: signal.Signals) -> None:
        for process in [one for slot in self._slots for one in slot.everyone()]:
            if process.pid is not None and process.is_alive():
                os.kill(process.pid, number)

    def _listen(self) -> None:
        pipes = {slot.pipe: slot for slot in self._slots if slot.pipe is not None}
        sentinels = [slot.process.sentinel for slot in self._slots if slot.process is not None]
        for ready in wait([*pipes, *sentinels], timeout=LOOK):
            slot = pipes.get(ready)  # type: ignore[call-overload]
            if slot is None or slot.pipe is None:
                continue
            try:
                what, forks = slot.pipe.recv()
            except (EOFError, OSError):
                slot.pipe.close()
                slot.pipe = None
                continue
            if what == RETIRING:
                slot.retire()
            elif what == READY:
                for path in forks:
                    self._fork(path)

    def _fork(self, path: str) -> None:
        if path not in self._forks:
            self._forks[path] = _spawning.Process(target=run_fork, args=(self._options, path), daemon=True)
            self._forks[path].start()

    def _stop(self) -> None:
        _log.info("Stopping; running jobs may end.")
        self._signal_workers(signal.SIGTERM)
        deadline = time.monotonic() + self._options.worker_shutdown_timeout / 1000
        for process in [one for slot in self._slots for one in slot.everyone()]:
            process.join(max(0.0, deadline - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()
        for fork in self._forks.values():
            fork.terminate()
            fork.join(2)

    def watch(self) -> None:
        """Replace all processes whenever a source file changes."""
        from watchfiles import watch

        included, excluded = self._options.include_patterns, self._options.exclude_patterns or []

        def matches(change: Any, path: str) -> bool:
            return any(fnmatch.fnmatch(path, pattern) for pattern in included) and not any(
                fnmatch.fnmatch(path, pattern) for pattern in excluded
            )

        polling = self._options.watch_use_polling or None
        for changes in watch(self._options.watch, watch_filter=matches, force_polling=polling):
            _log.info("Detected changes to %s.", ", ".join(sorted(path for _, path in changes)))
            self._reload.set()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command. Returns its exit code, one of Dramatiq's."""
    options = parse(argv)
    set_up_logging(options)
    if options.pid_file:
        try:
            setup_pidfile(options.pid_file)  # type: ignore[no-untyped-call]
        except RuntimeError as error:
            _log.critical("%s", error)
            return RET_PIDFILE
        atexit.register(partial(remove_pidfile, options.pid_file, _log))
    supervisor = Supervisor(options)
    if options.watch:
        threading.Thread(target=supervisor.watch, name="watch", daemon=True).start()
    return supervisor.run()


if __name__ == "__main__":
    raise SystemExit(main())
