"""The thread of a worker process that looks after its jobs, tells of it, and hears what operators ask of it."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from typing import Protocol

import redis
from dramatiq import Worker

from osmod.jobs.queue import presence
from osmod.jobs.queue.custody import Custodian
from osmod.jobs.queue.minutes import note_minute
from osmod.jobs.queue.presence import Request

_log = logging.getLogger(__name__)

#: Seconds within which what jobs report is written together.
TOGETHER = 0.25
#: Seconds between notes of what queues have counted: each minute has one, whenever it begins.
NOTE = 30.0
#: Seconds between looks at which running jobs are to be stopped, while any runs.
LOOK = 0.5


class LookingAfter(Protocol):
    """What the thread does for the jobs that run."""

    @property
    def busy(self) -> int:
        """How many threads of this process are running a job."""

    def coroutines(self, broker: Custodian) -> int:
        """How many jobs run in it without a thread each."""

    def look_after(self, broker: Custodian) -> None:
        """Write what jobs reported, and stop those that are to be stopped."""

    def report(self, broker: Custodian) -> None:
        """Write what jobs reported."""


class Watch(threading.Thread):
    """The one thread for all of it."""

    def __init__(self, broker: Custodian, worker: Worker, control: LookingAfter) -> None:
        super().__init__(name="job-control", daemon=True)
        self._broker = broker
        self._worker = worker
        self._control = control
        self._over = threading.Event()
        self._since = time.time()
        self._first = True
        self._next_sign = time.monotonic() + TOGETHER / 2
        self._next_note = 0.0
        self._asked: Request | None = None

    def run(self) -> None:
        """Look, tell and hear until `stop` is called."""
        next_look = 0.0
        patience = 0.0  # The first look is at once, the first sign of life when a job may have begun.
        while not self._over.wait(patience):
            patience = TOGETHER
            now = time.monotonic()
            try:
                if now >= next_look:
                    next_look = now + LOOK
                    self._control.look_after(self._broker)
                else:
                    self._control.report(self._broker)
                if now >= self._next_sign:
                    self._next_sign = now + presence.SIGN_OF_LIFE
                    self._heed(self._give_sign_of_life())
                if now >= self._next_note:
                    self._next_note = now + NOTE
                    note_minute(self._broker, self._worker.consumers)
            except (redis.RedisError, OSError) as error:
                self._broker.custody.complaints.note(self, error)
            else:
                self._broker.custody.complaints.over(self)

    def stop(self) -> None:
        """Write what is left, and end."""
        self._over.set()
        self.join()
        # What was asked was asked of this worker; another in the process begins anew.
        self._broker.custody.quiet = False
        try:
            self._control.report(self._broker)
            presence.take_leave(self._broker)
        except (redis.RedisError, OSError) as error:
            _log.warning("What jobs reported last was not written: %s", error)

    def _give_sign_of_life(self) -> Request | None:
        asked = presence.give_sign_of_life(
            self._broker,
            threads=self._worker.worker_threads,
            running=self._control.busy,
            coroutines=self._control.coroutines(self._broker),
            queues=self._worker.consumers,
            since=self._since,
            quiet=self._broker.custody.quiet,
            first=self._first,
        )
        self._first = False
        return asked

    def _heed(self, asked: Request | None) -> None:
        if asked is self._asked:
            return
        self._asked = asked
        self._broker.custody.quiet = asked is not None
        self._next_sign = 0.0  # Tell at once that it was heard.
        if asked is None:
            _log.info("Asked to go on: jobs are begun again.")
            return
        _log.info("Asked to %s: no more jobs are begun.", "be quiet" if asked is Request.QUIET else "stop")
        if asked is Request.STOP:
            _stop_this_process()


def _stop_this_process() -> None:
    """Ask it to stop as its service manager would."""
    if signal.getsignal(signal.SIGTERM) in (signal.SIG_DFL, signal.SIG_IGN, None):
        _log.warning("This process does not handle SIGTERM, and is left running without jobs.")
        return
    os.kill(os.getpid(), signal.SIGTERM)
