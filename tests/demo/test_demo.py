"""`osmod demo` from beginning to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import dramatiq
import psutil
import pytest
import redis
from click.testing import CliRunner
from dramatiq.middleware import Retries

from osmod.cli.demo import demo
from osmod.demo import worker_process
from osmod.demo.run import failed_jobs
from osmod.demo.worker_process import WorkerDied, check, running_worker
from osmod.jobs.broker import JobBroker
from osmod.settings import get_settings


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for the demo's data, no network, and a worker of one process: README's has all of them."""
    monkeypatch.setattr(worker_process, "PROCESSES", 1)
    monkeypatch.setenv("OSMOD_HOME", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    get_settings.cache_clear()
    return tmp_path


def processes() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


def shown_by(*options: str) -> str:
    """What a demo that ends well prints."""
    result = CliRunner().invoke(demo, options, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_twice_in_a_row(home: Path) -> None:
    """It runs to its end with exit status 0, and again over what the first left, with comments of one's own.

    Both times it shows outcomes and rules, and leaves nothing running.
    """
    before = processes()
    shown = shown_by("--comments", "40")
    for expected in (
        "comments written for this project",
        "scoring 40 of 40",
        "accepted by a rule",
        "(rule 1: Accept where TOXICITY is 0 to 0.2)",
        "120 jobs done, 0 failed",
    ):
        assert expected in shown
    assert "not scored" not in shown
    assert "trained on these very comments" not in shown
    assert processes() == before
    assert (home / "demo" / "osmod.db").exists()

    file = home / "mine.csv"
    file.write_text('text\nThanks a lot for this article\n"You are a stupid idiot, shut up"\n', "utf-8")
    shown = shown_by("--file", str(file))
    assert f"2 comments from {file}" in shown.replace("\n", "")
    assert "1  accepted by a rule" in shown
    assert '"You are a s***** i****, s*** up"' in shown
    assert "6 jobs done, 0 failed" in shown
    assert "not scored" not in shown
    assert processes() == before


def test_a_bad_file_is_one_sentence(home: Path) -> None:
    """An error in the file is said before anything is started."""
    file = home / "mine.csv"
    file.write_text("text\n\n\n,\n", "utf-8")
    result = CliRunner().invoke(demo, ["--file", str(file)])
    assert result.exit_code == 1
    assert "Error: " in result.output
    assert "line 4, column text: is empty" in result.output.replace("\n", " ")
    assert not (home / "demo").exists()


def test_a_worker_that_dies_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    """Where the worker cannot live, the demo does not wait for it in vain."""
    log = tmp_path / "worker.log"
    with running_worker({"WORKER_TASK_TTL": "soon"}, log) as worker:
        worker.wait(120)
        with pytest.raises(WorkerDied) as died:
            check(worker, log)
    assert f"The end of {log}:" in str(died.value)
    assert "WORKER_TASK_TTL" in str(died.value)


def test_jobs_that_failed_for_good_are_counted(redis_url: str) -> None:
    """A job that no retry can mend is counted once; one that went well is not."""
    broker = JobBroker(url=redis_url, middleware=[Retries()])

    @dramatiq.actor(broker=broker, throws=ValueError)
    def only_even(number: int) -> None:
        if number % 2:
            raise ValueError(number)

    worker = dramatiq.Worker(broker, worker_threads=1)
    worker.start()
    with redis.Redis.from_url(redis_url) as client:
        assert failed_jobs(client) == 0
        for number in range(5):
            only_even.send(number)
        broker.join(only_even.queue_name, timeout=120_000)
        worker.stop()
        assert failed_jobs(client) == 2
    broker.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_an_interrupted_demo_leaves_nothing_running(home: Path, number: signal.Signals) -> None:
    """Ctrl-C and a closed terminal stop the worker and the Redis, too."""
    # As from a terminal: what a script starts in the background inherits that SIGINT is ignored.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from osmod.demo import worker_process; worker_process.PROCESSES = 1; "
        "from osmod.cli.demo import demo; demo()"
    )
    command = [sys.executable, "-c", code, "--comments", "1000"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as running:
        watchdog = threading.Timer(60, running.kill)
        watchdog.start()
        assert running.stdout is not None
        assert any("storing" in line for line in running.stdout)
        started = psutil.Process(running.pid).children(recursive=True)
        assert len(started) >= 2, "a Redis and a worker are running"
        running.send_signal(number)
        assert running.wait(120) == 1
        watchdog.cancel()
    _gone, alive = psutil.wait_procs(started, timeout=10)
    assert alive == []
