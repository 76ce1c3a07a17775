"""The JavaScript of docs/moving-from-kue.md, by which a Node program queues jobs without Kue."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dramatiq
import pytest
from click.testing import CliRunner

from osmod.cli import main
from osmod.jobs.broker import JobBroker
from osmod.jobs.records import get_job
from osmod.jobs.states import JobState
from tests.docs.blocks import ROOT, blocks_of
from tests.jobs.conftest import working
from tests.redis_servers import Server
from tests.waiting import until

PAGE = ROOT / "docs" / "moving-from-kue.md"

Enqueue = Callable[..., Any]


@pytest.fixture
def enqueue(kue_folder: Path, tmp_path: Path, server: Server) -> Enqueue:
    """Calls the page's `enqueue` in Node with each list of arguments; gives the ids."""
    (block,) = (block for block in blocks_of(PAGE) if block.language == "javascript")
    (tmp_path / "queueing.js").write_text(block.text)
    printed = CliRunner().invoke(main, ["queues", "script"], catch_exceptions=False)
    (tmp_path / "enqueue.lua").write_text(printed.stdout)
    modules = str(kue_folder / "node_modules")
    environment = {**os.environ, "NODE_PATH": modules, "REDIS_URL": server.url}
    program = """
        const { enqueue, redis } = require("./queueing.js");
        (async () => {
          const ids = [];
          for (const call of JSON.parse(process.argv[1])) ids.push(await enqueue(...call));
          console.log(JSON.stringify(ids));
          await redis.quit();
        })();
    """

    def call(*calls: list[Any]) -> Any:
        done = subprocess.run(
            ["node", "-e", program, json.dumps(calls)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert 0 == done.returncode, done.stderr
        return json.loads(done.stdout)

    return call


def test_jobs_run(enqueue: Enqueue, broker: JobBroker) -> None:
    """With the arguments that Node gave, whatever they are, in the order of their priorities."""
    ran: list[Any] = []

    @dramatiq.actor(actor_name="note")
    def note(text: str, numbers: list[float] | None = None) -> None:
        ran.append((text, numbers))

    enqueue(
        ["note", {"text": "later"}, {"delay": 300}],
        ["note", {"text": 'zürich 🚲 "{}" \u0000', "numbers": [1, -2.5, 1e21]}],
        ["note", {"text": "first"}, {"priority": -10}],
    )
    with working(broker, threads=1):
        until(lambda: len(ran) == 3, what="all have run")
    assert [("first", None), ('zürich 🚲 "{}" \u0000', [1, -2.5, 1e21]), ("later", None)] == ran


def test_the_same_id_is_the_same_job(enqueue: Enqueue, broker: JobBroker) -> None:
    """So that a call may be repeated; an id that nobody gave is another each time."""
    ids = enqueue(
        ["note", {}, {"id": "order-7"}], ["note", {"n": 2}, {"id": "order-7"}], ["note", {}], ["note", {}]
    )
    assert ["order-7", "order-7"] == ids[:2]
    assert 3 == len(set(ids)) == broker.do_qsize("default")


def test_options_are_those_of_the_job(enqueue: Enqueue, broker: JobBroker) -> None:
    """Attempts, time limit, priority, delay and queue are in its record as if Python had sent it."""

    @dramatiq.actor(actor_name="note", queue_name="slow")
    def note() -> None: ...

    options = {"queue": "slow", "priority": 10, "delay": 60_000, "attempts": 1, "timeLimit": 5000}
    (job_id,) = enqueue(["note", {}, options])
    job = get_job(broker, job_id)
    assert job is not None
    assert job.raw is not None
    assert job.due is not None
    assert job.created is not None
    assert (JobState.DELAYED, "slow", 10, 1) == (job.state, job.queue, job.priority, job.attempts_left)
    assert {"time_limit": 5000, "max_retries": 0} == job.raw.options
    assert 60.0 == pytest.approx((job.due - job.created).total_seconds(), abs=0.01)


def test_what_fails_is_tried_as_often_as_was_said(enqueue: Enqueue, broker: JobBroker) -> None:
    """Once by `attempts: 1`, although the actor has more."""

    @dramatiq.actor(actor_name="fail", max_retries=5, min_backoff=1)
    def fail() -> None:
        raise ValueError("no")

    (job_id,) = enqueue(["fail", {}, {"attempts": 1}])
    with working(broker):
        until(lambda: (job := get_job(broker, job_id)) and job.state is JobState.FAILED, what="it has failed")
    job = get_job(broker, job_id)
    assert job is not None
    assert 1 == job.attempts_made
