"""Actors for processes under test that run Kue's jobs. What they do is written to a file, a line a run.

Environment: `KUE_TEST_URL`, `KUE_TEST_LOG` (the file), `KUE_TEST_BRIDGE` (whether workers take jobs, too).
"""

from __future__ import annotations

import os
from pathlib import Path

import dramatiq
from dramatiq.middleware import CurrentMessage

from osmod.jobs.broker import JobBroker
from osmod.kue.in_worker import take_over

URL = os.environ.get("KUE_TEST_URL", "redis://127.0.0.1:1")
broker = JobBroker(url=URL, lease=2000)
broker.add_middleware(CurrentMessage())
if "KUE_TEST_URL" in os.environ:
    dramatiq.set_broker(broker)  # of a process of its own
if os.environ.get("KUE_TEST_BRIDGE"):
    take_over(broker, URL, "q")

_log = os.open(os.environ.get("KUE_TEST_LOG", os.devnull), os.O_WRONLY | os.O_APPEND | os.O_CREAT)


@dramatiq.actor(actor_name="note", broker=broker)
def note(number: int) -> None:
    """Write that it ran, and under which id."""
    message = CurrentMessage.get_current_message()
    os.write(_log, f"{number} {message.message_id if message else ''}\n".encode())


def runs(log: Path) -> list[tuple[int, str]]:
    """What has run: the number that each job carries, and its id."""
    lines = (line.split(" ") for line in log.read_text().splitlines())
    return [(int(number), message_id) for number, message_id in lines]
