"""Redis restarted without its data, while workers hold jobs: what it no longer knows is not done twice."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import dramatiq
import pytest

from tests.jobs.brokers import boot
from tests.jobs.conftest import working
from tests.redis_servers import Server
from tests.waiting import until


@pytest.mark.timed
def test_a_job_sent_again_does_not_run_beside_its_first_run(
    own_server: Callable[..., Server], caplog: pytest.LogCaptureFixture
) -> None:
    """The sender sends again what Redis lost; the process that still runs it goes on with that run.

    New jobs are run at once, and nothing but plain words is logged.
    """
    server = own_server()
    broker = boot(server.url, lease=1000)
    running, over = threading.Semaphore(0), threading.Event()
    ran: list[str] = []

    @dramatiq.actor
    def slow(name: str) -> None:
        ran.append(name)
        running.release()
        over.wait(120)

    with working(broker, threads=2), caplog.at_level(logging.WARNING):
        message = slow.send("first")
        assert running.acquire(timeout=120)
        server.kill()
        server.start()
        slow.send("other")
        assert running.acquire(timeout=120)
        broker.enqueue(message.copy(options={}))
        lease = "dramatiq:{default}:active"
        until(lambda: server.client.zcard(lease) == 2, what="the job is leased again")
        over.set()
        until(lambda: server.client.zcard(lease) == 0, what="both are settled")
    broker.close()

    assert ["first", "other"] == ran
    assert "Traceback" not in caplog.text
