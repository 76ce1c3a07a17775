"""`osmod worker`: Dramatiq's command, except that a process that dies is replaced and the others go on.

It takes the options of `dramatiq` and four more. `--recycle-jobs N` and `--recycle-memory MB` replace a
process that ran so many jobs or grew so large. A process that is recycled, or told to stop, ends its jobs
first. `--log-format` and `--log-level` say how the log looks, and how much is in it.
"""

from __future__ import annotations

import argparse
import fnmatch
import logging
import math
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait
from typing import Any

from dramatiq.cli import (
    HANDLED_SIGNALS,
    RET_IMPORT,
    RET_KILLED,
    RET_OK,
    RET_PIDFILE,
    make_argument_parser,
    remove_pidfile,
    setup_pidfile,
)

from osmod.jobs.errors import UNUSABLE
from osmod.jobs.logs.handlers import CONSOLE, FORMATS, LEVELS
from osmod.jobs.worker.lifecycle import DEFAULT_DRAIN
from osmod.jobs.worker.logthread import LogThread
from osmod.jobs.worker.process import Origin
from osmod.jobs.worker.processes import Forks, Slot
from osmod.jobs.worker.serving import no_threads
from osmod.jobs.worker.signals import AT_ONCE, SAME
from osmod.jobs.worker.supervised import READY, REFUSED, RETIRING, set_up_logging

_log = logging.getLogger(__name__)

#: Seconds between two looks at everything.
LOOK = 0.5
#: Seconds by which a worker may hear of a first request later than its supervisor, but not of a second.
JITTER = 0.1

AddOptions = Callable[[argparse.ArgumentParser], None]


def parse(argv: Sequence[str] | None = None, add_options: AddOptions | None = None) -> argparse.Namespace:
    """The options of the command line, the caller's own too. Exits with 2 if they make no sense."""
    parser: argparse.ArgumentParser = make_argument_parser()  # type: ignore[no-untyped-call]
    parser.prog = "osmod worker"
    parser.description = "Run workers; replace those that die."
    parser.epilog = None
    for action in parser._actions:
        if action.dest == "broker":  # the project's own entry point, where none is named
            action.nargs, action.default = "?", "worker"
        elif action.dest == "worker_shutdown_timeout":  # the broker's own limit comes first, see `Lifecycle`
            action.help = (
                "milliseconds that running jobs get to end when a worker stops; never more than the broker's "
                f"drain (default: {DEFAULT_DRAIN // 1000} seconds)"
            )
    parser.add_argument("--recycle-jobs", type=int, metavar="N", help="replace a process after so many jobs")
    parser.add_argument("--recycle-memory", type=int, metavar="MB", help="replace one that grew so large")
    parser.add_argument(
        "--log-format", choices=FORMATS, default=CONSOLE, help="console, or an object of JSON a line"
    )
    parser.add_argument("--log-level", choices=LEVELS, default="", help="the least of what is logged")
    if add_options is not None:
        add_options(parser)
    options = parser.parse_args(argv)
    if options.processes < 1:
        parser.error(f"-p {options.processes} would run no job: at least one worker process is needed.")
    if options.threads < 1:
        parser.error(no_threads(options.threads))
    return options


class Supervisor:
    """Keeps as many worker processes as were asked for, until told to stop."""

    def __init__(self, options: argparse.Namespace, origin: Origin | None = None) -> None:
        self._options = options
        self._origin = origin or Origin()
        self._slots = [Slot(options, self._origin) for _ in range(options.processes)]
        self._forks = Forks(options)
        self._wake, self._waker = socket.socketpair()
        self._reload = False
        self._reloaded = -math.inf
        self._asked = math.inf
        self._insisting = False
        self._code = RET_OK

    def run(self) -> int:
        """Run until told to stop. Returns the exit code of the command; signals are ignored from then on."""
        for end in (self._wake, self._waker):
            end.setblocking(False)
        number_before = signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        for number in HANDLED_SIGNALS:
            signal.signal(number, self._on_signal)
        try:
            self._supervise()
            self._stop()
        finally:
            # One more is no reason to end in another way than by the exit code.
            for number in HANDLED_SIGNALS:
                signal.signal(number, signal.SIG_IGN)
            signal.set_wakeup_fd(number_before)
            self._wake.close()
            self._waker.close()
        return self._code

    def _on_signal(self, number: int, frame: Any) -> None:
        # Only notes what was asked; the loop, which this wakes, does it.
        now = time.monotonic()
        if number == signal.SIGHUP:
            self._reload = True
        elif self._asked > now:
            self._asked = now
        elif now - self._asked > SAME + JITTER:
            self._insisting = True

    def _supervise(self) -> None:
        self._forks.start(self._options.forks)
        while self._asked == math.inf and self._code == RET_OK:
            for slot in self._slots:
                slot.start_if_due()
            self._listen()
            for slot in self._slots:
                self._reap(slot)
            self._forks.look()
            if self._reload:
                self._reload = False
                self._replace_all()

    def _reap(self, slot: Slot) -> None:
        code = slot.reap()
        if code == RET_IMPORT and self._code == RET_OK:
            _log.critical("A worker process could not import its modules; giving up.")
            self._code = RET_IMPORT
        elif code is not None and self._code == RET_OK:
            _log.error("A worker process ended with code %s; starting another.", code)

    def _replace_all(self) -> None:
        if time.monotonic() - self._reloaded <= SAME:
            return  # The same request, come again.
        self._reloaded = time.monotonic()
        self._origin.anew()  # the code may be another
        for slot in self._slots:
            slot.retire()
        self._forks.stop()
        self._forks.start(self._options.forks)

    def _listen(self) -> None:
        pipes = {slot.pipe: slot for slot in self._slots if slot.pipe is not None}
        for ready in self._wait(
            [*pipes, *(slot.process.sentinel for slot in self._slots if slot.process)], LOOK
        ):
            slot = pipes.get(ready)
            if slot is None or (heard := slot.hear()) is None:
                continue
            what, said, patience = heard
            if what == RETIRING:
                slot.retire()
            elif what == REFUSED and self._code == RET_OK:
                _log.critical("%s", *said)
                self._code = UNUSABLE
            elif what == READY:
                if slot.process is not None:
                    slot.process.patience = patience
                self._forks.start(said)

    def _wait(self, what: list[Any], seconds: float) -> list[Any]:
        """Wait for processes and pipes, or until a signal comes."""
        ready = wait([*what, self._wake], timeout=seconds)
        if self._wake in ready:
            ready.remove(self._wake)
            self._wake.recv(4096)
        return ready

    def _stop(self) -> None:
        _log.info("Stopping; running jobs may end.")
        asked = [one for slot in self._slots for one in slot.everyone()]
        for process in asked:
            process.ask()
        deadline = math.inf
        while everyone := [process for process in asked if process.is_alive()]:
            if self._insisting:
                self._insisting = False
                deadline = time.monotonic() + 2 * AT_ONCE
                self._code = RET_KILLED
                for process in everyone:
                    process.insist()
            for process in everyone:
                if process.is_overdue() or time.monotonic() >= deadline:
                    process.kill()
            left = max(0.0, deadline - time.monotonic())
            self._wait([process.sentinel for process in everyone], min(LOOK, left))
        if any(process.exitcode for process in asked):
            self._code = self._code or RET_KILLED
        self._forks.stop()

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
            self._reload = True


def main(argv: Sequence[str] | None = None, add_options: AddOptions | None = None, ahead: str = "") -> int:
    """Run the command. Returns its exit code, one of Dramatiq's. `ahead`: see `Origin`."""
    options = parse(argv, add_options)
    set_up_logging(options)
    if options.pid_file:
        try:
            setup_pidfile(options.pid_file)  # type: ignore[no-untyped-call]
        except RuntimeError as error:
            _log.critical("%s", error)
            return RET_PIDFILE
    log, supervisor = LogThread(), Supervisor(options, Origin(ahead))
    if options.watch:
        threading.Thread(target=supervisor.watch, name="watch", daemon=True).start()
    try:
        code = supervisor.run()
    finally:
        if options.pid_file:
            remove_pidfile(options.pid_file, _log)  # type: ignore[no-untyped-call]
        written = log.stop()
    if not written:
        os._exit(code)
    return code


if __name__ == "__main__":
    raise SystemExit(main())
