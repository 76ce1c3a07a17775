"""`osmod kue run`, and workers with `WORKER_KUE=true`, as processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from osmod.kue.keys import KueQueue
from tests.found import only
from tests.kue.node import Node
from tests.redis_servers import Server
from tests.waiting import until

pytestmark = pytest.mark.parametrize("shared_server", ["valkey"], indirect=True)

Starting = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def starting(server: Server, tmp_path: Path) -> Iterator[Starting]:
    """Starts `osmod …` on the test's server."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **settings: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "REDIS_URL": server.url, "OSMOD_HOME": str(tmp_path), **settings}
        environment["TMPDIR"] = str(tmp_path)  # of those that are killed a socket stays behind
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "osmod", *arguments],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                process_group=0,
            )
        )
        return started[-1]

    yield start
    for one in started:
        if one.poll() is None:
            os.killpg(one.pid, signal.SIGKILL)
        one.communicate()


def queue_one(node: Node, prefix: str = "q") -> int:
    """Queue a job as OSMod's server does; answers with its id."""
    job = {"type": "acceptComments", "data": {"commentId": 1}, "removeOnComplete": True, "ttl": 300_000}
    job_id = only(node.run("queue_jobs.js", json.dumps([job]), prefix))
    return int(job_id)


def bridge_with_a_job(starting: Starting, node: Node, kue: KueQueue) -> subprocess.Popen[str]:
    """A bridge that has taken a job."""
    process = starting("kue", "run")
    queue_one(node)
    until(lambda: kue.client.zcard(kue.held), 20, "the job is here")
    return process


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 0)])
def test_run(node: Node, kue: KueQueue, starting: Starting, number: signal.Signals, code: int) -> None:
    """It takes until it is stopped, and says how many."""
    process = bridge_with_a_job(starting, node, kue)
    process.send_signal(number)
    said, _ = process.communicate(timeout=120)
    assert code == process.returncode, said
    assert "Ctrl-C ends it." in said
    assert "1 job taken" in said
    assert "Traceback" not in said


def test_run_with_another_prefix(node: Node, kue: KueQueue, starting: Starting) -> None:
    """Only what begins with it is taken."""
    starting("kue", "run", "--prefix", "other")
    queue_one(node)
    queue_one(node, "other")
    until(lambda: kue.client.zcard("other:osmod:held"), 20, "the job is here")
    assert 1 == kue.client.zcard(kue.state("inactive"))


@pytest.mark.timed
def test_asked_twice_while_it_ends(node: Node, kue: KueQueue, server: Server, starting: Starting) -> None:
    """It ends as it would: a second SIGTERM does not cut short what it does last."""
    process = bridge_with_a_job(starting, node, kue)
    server.freeze()
    try:
        for _ in range(2):
            process.send_signal(signal.SIGTERM)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.3)
    finally:
        server.thaw()
    # 130: on a busy machine the second was heard so late that it was another request.
    assert process.wait(120) in (0, 130)


@pytest.mark.timed
def test_ctrl_c_twice(node: Node, kue: KueQueue, server: Server, starting: Starting) -> None:
    """Who does not want to wait for a Redis that hangs need not."""
    process = bridge_with_a_job(starting, node, kue)
    server.freeze()
    try:
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        process.send_signal(signal.SIGINT)
        assert process.wait(8)  # by itself it would wait for ten
    finally:
        server.thaw()
    assert "Traceback" not in (process.stdout.read() if process.stdout else "")


def test_a_worker_takes(node: Node, kue: KueQueue, starting: Starting) -> None:
    """With `WORKER_KUE=true`; it ends as without."""
    process = starting("worker", "-p", "1", "-t", "1", WORKER_KUE="true")
    queue_one(node)
    until(lambda: kue.client.zcard(kue.held), 30, "the job is here")
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=120)
    assert 0 == process.returncode, said


def test_a_worker_takes_nothing_by_itself(node: Node, kue: KueQueue, starting: Starting) -> None:
    """Without the setting Kue's jobs are left alone."""
    starting("worker", "-p", "1", "-t", "1")
    queue_one(node)
    until(
        lambda: kue.client.exists("dramatiq:{workers}:alive") or kue.client.keys("dramatiq:*"), 30, "it works"
    )
    assert 1 == kue.client.zcard(kue.state("inactive"))
