"""`WORKER_KUE=true`: a worker process takes over what is queued with Kue, beside the jobs that it runs."""

from __future__ import annotations

import logging
import threading
from typing import Any

from dramatiq import Broker, Middleware, Worker

from osmod.jobs.broker import JobBroker
from osmod.kue.bridge import Bridge
from osmod.kue.keys import KueQueue

_log = logging.getLogger(__name__)

#: Seconds after which a bridge that could not go on is tried again.
AGAIN = 10.0


class BridgeInWorker(Middleware):
    """Runs a bridge for as long as the worker of this process works.

    Parameters:
      url: of the Redis in which Kue keeps its jobs.
      prefix: of Kue's keys.
    """

    def __init__(self, url: str, prefix: str) -> None:
        self._url = url
        self._prefix = prefix
        self._stopping = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None
        self._bridge: Bridge | None = None

    def after_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """Begin to take jobs."""
        assert isinstance(broker, JobBroker), "Kue's jobs need the queue"
        self._stopping.clear()
        self._closing = False
        self._thread = threading.Thread(target=self._run, args=(broker,), name="kue", daemon=True)
        self._thread.start()

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        """Take no more. Kue is told of the jobs that run to their end."""
        self._closing = True
        if self._bridge is not None:
            self._bridge.take_no_more()

    def after_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        """End. What was taken and not told of is so by whoever comes next."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=AGAIN)

    def _run(self, broker: JobBroker) -> None:
        while not self._stopping.is_set():
            kue = KueQueue.at(self._url, self._prefix)
            self._bridge = Bridge(broker, kue)
            if self._closing:
                self._bridge.take_no_more()
            self._bridge.start()
            try:
                while not self._stopping.wait(0.2) and self._bridge.goes_on:
                    continue
                self._bridge.stop()
                self._bridge.wait()
            except Exception:  # noqa: BLE001 - whatever it is, the jobs that are here go on
                _log.exception("The bridge to Kue cannot go on; it is tried again in %g seconds.", AGAIN)
                self._stopping.wait(AGAIN)
            finally:
                kue.close()


def take_over(broker: Any, url: str, prefix: str) -> None:
    """Have worker processes of this broker run the bridge."""
    broker.add_middleware(BridgeInWorker(url, prefix))
