"""The real `periodiq` command, on a module like worker.py."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import redis
from dramatiq import Message

from tests.redis_servers import binaries, binary_of, running
from tests.waiting import until

WORKER = """
import os
import dramatiq
from dramatiq.brokers.redis import RedisBroker
from osmod.jobs.schedules import SchedulesMiddleware, cron, every

enabled = os.environ["WORKER_RUN_SCHEDULED_TASKS"] == "true"
broker = RedisBroker(url=os.environ["REDIS_URL"], middleware=[SchedulesMiddleware(enabled=enabled)])
dramatiq.set_broker(broker)

@dramatiq.actor(periodic=cron("*/1 * * * * *", tz="Europe/Amsterdam", overlap=True))
def tick() -> None: ...

@dramatiq.actor(periodic=every("1 hour"))
def hourly() -> None: ...
"""


class Periodiq:
    """Starts `periodiq worker` processes in a folder of their own."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.processes: list[subprocess.Popen[str]] = []
        (folder / "worker.py").write_text(WORKER)

    def start(self, *, enabled: bool = True) -> subprocess.Popen[str]:
        """Start one; its output is read at its end."""
        code = "from periodiq import entrypoint; entrypoint()"
        process = subprocess.Popen(
            [sys.executable, "-c", code, "worker"],
            cwd=self.folder,
            env={
                **os.environ,
                "PYTHONPATH": f"{Path(__file__).parents[3]}",
                "REDIS_URL": self.url,
                "WORKER_RUN_SCHEDULED_TASKS": str(enabled).lower(),
            },
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def stop(self) -> None:
        """End what is still there."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.communicate()


@pytest.fixture
def periodiq(tmp_path: Path, redis_client: redis.Redis, schedules_redis: str) -> Iterator[Periodiq]:
    """The command, on an empty Redis."""
    commands = Periodiq(tmp_path, schedules_redis)
    yield commands
    commands.stop()


def sent(client: redis.Redis) -> list[datetime]:
    """Return the slots of what lies in the queue, in order."""
    messages = [Message.decode(str(data).encode()) for data in client.hvals("dramatiq:default.msgs")]
    return sorted(datetime.fromisoformat(message.options["scheduled_at"]) for message in messages)


def listens(process: subprocess.Popen[str]) -> bool:
    """Whether it answers SIGTERM itself: before that, the system ends it."""
    caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{process.pid}/status").read_text())
    return caught is not None and bool(int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.timed
def test_two_schedulers_and_a_restart_send_every_second_once(periodiq, redis_client) -> None:
    """The command runs our scheduler: no second twice, none left out, SIGTERM ends it with 0."""
    first, second = periodiq.start(), periodiq.start()
    until(lambda: len(sent(redis_client)) >= 3 and listens(first), 30)
    first.send_signal(signal.SIGTERM)
    assert first.wait(timeout=120) == 0
    seen = len(sent(redis_client))
    third = periodiq.start()
    until(lambda: len(sent(redis_client)) >= seen + 3 and listens(second) and listens(third), 30)
    for process in (second, third):
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=120) == 0
    slots = [slot.timestamp() for slot in sent(redis_client)]
    assert [slots[0] + number for number in range(len(slots))] == slots
    output = first.stderr.read()
    assert "*/1 * * * * * (Europe/Amsterdam) worker:tick@default" in output
    assert "every 1 hour" in output
    assert "Scheduler stopped." in output


@pytest.mark.timed
def test_a_killed_scheduler_is_stood_in_for(periodiq, redis_client) -> None:
    """SIGKILL one of two: not one second is left out."""
    first = periodiq.start()
    periodiq.start()
    until(lambda: len(sent(redis_client)) >= 3, 30)
    first.kill()
    seen = len(sent(redis_client))
    until(lambda: len(sent(redis_client)) >= seen + 3, 30)
    slots = [slot.timestamp() for slot in sent(redis_client)]
    assert [slots[0] + number for number in range(len(slots))] == slots


def test_schedules_that_are_off_say_so(periodiq, redis_client) -> None:
    """With WORKER_RUN_SCHEDULED_TASKS off the command says so, sends nothing, and ends with 0."""
    process = periodiq.start(enabled=False)
    _, output = process.communicate(timeout=120)
    assert process.returncode == 0
    assert (
        "Scheduled tasks are off (WORKER_RUN_SCHEDULED_TASKS is false): nothing will be scheduled." in output
    )
    assert redis_client.keys() == []


TO_STOP = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])


@pytest.mark.timed
@TO_STOP
def test_asked_on_and_on_the_command_stops_in_order(periodiq, redis_client, number) -> None:
    """However many signals come while it ends, it ends by itself."""
    process = periodiq.start()
    until(lambda: sent(redis_client), 30)
    while process.poll() is None:
        process.send_signal(number)
        time.sleep(0.002)  # what is tried is the time between them
    assert process.returncode == 0
    assert "Scheduler stopped." in process.stderr.read()


@pytest.mark.timed
@TO_STOP
def test_asked_again_later_the_command_ends_at_once(tmp_path, number) -> None:
    """Even while it waits for a frozen Redis; SIGHUP before that is no more than the first request."""
    with running(binary_of(next(iter(binaries()), "redis"))) as server:
        commands = Periodiq(tmp_path, server.url)
        process = commands.start()
        try:
            until(lambda: server.client.hlen("dramatiq:default.msgs"), 30)
            server.freeze()
            time.sleep(1.2)  # there is a slot every second, which it then tries to send
            process.send_signal(signal.SIGHUP)
            process.send_signal(number)
            time.sleep(1.5)  # what is tried is the time between them
            process.send_signal(number)
            assert process.wait(timeout=2) == 1
        finally:
            server.thaw()
            commands.stop()


def test_without_redis_the_command_stays_up(tmp_path, redis_client) -> None:
    """A Redis that is not there is waited for, and said in one line."""
    commands = Periodiq(tmp_path, "redis://127.0.0.1:1")
    process = commands.start()
    assert process.stderr is not None
    lines = iter(process.stderr.readline, "")
    assert any("Redis away: Redis does not answer (" in line for line in lines)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=120) == 0
    commands.stop()
