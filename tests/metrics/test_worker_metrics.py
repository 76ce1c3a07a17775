"""`osmod worker --metrics-port`: figures of several worker processes, without a server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from click.testing import CliRunner
from dramatiq import Message

from osmod.cli import main
from osmod.jobs.broker import JobBroker
from osmod.metrics import store
from tests.metrics.scraping import OPEN_METRICS, Scrape
from tests.ports import free_port
from tests.waiting import until

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]

ROOT = Path(__file__).parents[2]


def scrape(port: int) -> Scrape | None:
    """What is shown at a port, once something is."""
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/metrics", headers=OPEN_METRICS, timeout=60)
    except httpx.TransportError:
        return None
    return Scrape(answer.text)


def done(port: int) -> float | None:
    """How many jobs are shown to be done."""
    seen = scrape(port)
    return seen("osmod_jobs_done_total", "default", "checkCounts") if seen else None


def test_all_processes_are_counted(redis_url: str, database_url: str, tmp_path: Path) -> None:
    """Together; what they counted stays when they are gone."""
    port = free_port()
    environment = {
        **os.environ,
        "REDIS_URL": redis_url,
        "DATABASE_URL": database_url,
        "OSMOD_HOME": str(tmp_path),
    }
    broker = JobBroker(url=redis_url)
    for number in range(20):
        broker.enqueue(Message("default", "checkCounts", (), {}, {}, f"job-{number}"))
    words = ["worker", "-p", "2", "-t", "1", "--metrics-port", str(port)]
    process = subprocess.Popen([sys.executable, "-m", "osmod", *words], cwd=ROOT, env=environment)
    try:
        until(
            lambda: (seen := scrape(port)) and seen("osmod_workers") == 2, 30, "workers are shown", every=0.2
        )
        until(lambda: done(port) == 20, 3 * store.EVERY, "the jobs are counted", every=0.2)
    finally:
        process.send_signal(signal.SIGTERM)
        assert 0 == process.wait(120)
    counted = store.RedisStore(broker).read(["default"])["default"]
    assert 20 == counted["done", "checkCounts"]
    broker.close()


def test_a_port_that_is_taken(monkeypatch: pytest.MonkeyPatch, redis_url: str) -> None:
    """Is said before any process is started."""
    monkeypatch.setenv("OSMOD_METRICS_PORT", "0")  # the command sets it for its processes
    monkeypatch.setenv("REDIS_URL", redis_url)
    port = str(urlsplit(redis_url).port)
    result = CliRunner().invoke(main, ["worker", "--metrics-port", port], prog_name="osmod")
    said = f"Error: port {port} is taken: stop what listens there, or name another by --metrics-port.\n"
    assert (1, said) == (result.exit_code, result.output)
