"""The tour of failures: what is tried again, and what a worker leaves behind that dies."""

from __future__ import annotations

import signal
import subprocess
import sys

import dramatiq
import pytest

from osmod.jobs import current_job
from osmod.jobs.broker import JobBroker
from osmod.jobs.records import snapshot
from osmod.jobs.states import JobState
from osmod.jobs.testing import drain
from tests.tour.seeing import a_worker, see
from tests.waiting import until


def test_try_again_by_itself(broker: JobBroker) -> None:
    """How often, and after how long: `attempts` and `backoff`, on the actor or on one message."""
    attempts: list[int] = []

    @dramatiq.actor(attempts=4, backoff={"type": "exponential", "delay": 500})
    def ask_scorer(comment_id: int) -> None:
        attempts.append(current_job().attempt)
        if len(attempts) < 3:
            raise TimeoutError("the scorer does not answer")

    job_id = ask_scorer.send(12).message_id
    drain()

    waiting = see(broker, job_id)
    assert waiting.state is JobState.DELAYED
    assert waiting.due is not None
    assert (waiting.attempts_made, waiting.attempts_left) == (1, 3)
    drain(delayed=True)  # does not wait
    assert attempts == [1, 2, 3]
    assert see(broker, job_id).state is JobState.DONE


@pytest.mark.timed
def test_a_worker_is_lost(redis_url: str) -> None:
    """A worker is killed in the middle of a job: within its lease (here a second) the job starts elsewhere."""
    broker = JobBroker(url=redis_url, lease=1_000)
    dramatiq.set_broker(broker)
    score = dramatiq.actor(actor_name="score")(lambda comment_id: None)
    job_id = score.send(12).message_id
    takes_it_and_dies = f"""
import os, signal
from osmod.jobs.broker import JobBroker
next(JobBroker(url={redis_url!r}, lease=1_000).consume("default"))
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", takes_it_and_dies]).returncode == -signal.SIGKILL

    assert see(broker, job_id).state is JobState.ACTIVE
    with a_worker(broker):
        until(lambda: see(broker, job_id).state is JobState.DONE, 20)

    assert snapshot(broker).queues[0].counters["recovered"] == 1
    broker.close()
