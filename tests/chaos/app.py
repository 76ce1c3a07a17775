"""Actors for worker processes under test. What they do is written to a file, a line an event.

Environment: `CHAOS_URL`, `CHAOS_LOG` (the file), `CHAOS_LEASE` and `CHAOS_DRAIN` in milliseconds, `CHAOS_QUEUES`
(names with commas between, consumed beside `default`).
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from pathlib import Path

import dramatiq
from dramatiq.middleware import CurrentMessage

from tests.jobs.brokers import open_broker

broker = open_broker(
    os.environ["CHAOS_URL"],
    lease=int(os.environ.get("CHAOS_LEASE", "2000")),
    drain=int(os.environ.get("CHAOS_DRAIN", "25000")),
)
broker.add_middleware(CurrentMessage())
dramatiq.set_broker(broker)
for queue in filter(None, os.environ.get("CHAOS_QUEUES", "").split(",")):
    broker.declare_queue(queue)

_log = os.open(os.environ["CHAOS_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def note(event: str, name: object) -> None:
    """Append one event: its name, the job's, the process and the moment."""
    os.write(_log, f"{event} {name} {os.getpid()} {time.time():.4f}\n".encode())


@dramatiq.actor(max_retries=10, min_backoff=50, max_backoff=200)
def work(name: str, millis: int = 5, fails: bool = False, payload: str = "") -> None:
    """Take so long; fail on the first run if told to. The payload is only carried."""
    note("start", name)
    message = CurrentMessage.get_current_message()
    time.sleep(millis / 1000)
    if fails and message is not None and not message.options.get("retries"):
        note("fail", name)
        raise RuntimeError("as told")
    note("end", name)


@dramatiq.actor(priority=-10)
def urgent(name: str) -> None:
    """Be of a higher priority than the others."""
    note("end", name)


class _Ready(logging.Handler):
    """Hears that Dramatiq's parent knows of this process: it waits for ever for one that is killed as it says so."""

    said = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() == "Worker process is ready for action.":
            self.said.set()


logging.getLogger().addHandler(_Ready())


@dramatiq.actor(max_retries=0)
def kill(name: str) -> None:
    """Take the process down."""
    note("start", name)
    assert _Ready.said.wait(120)
    os.kill(os.getpid(), signal.SIGKILL)


def events(path: str | Path, event: str = "end") -> list[tuple[str, int, float]]:
    """The events of one kind in a log: the job's name, the process, the moment."""
    found = []
    for line in Path(path).read_text().splitlines():
        kind, name, process, moment = line.rsplit(" ", 3)
        if kind == event:
            found.append((name, int(process), float(moment)))
    return found
