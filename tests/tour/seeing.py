"""What the lessons look with: a worker, the command line, a job's record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from click.testing import CliRunner
from dramatiq import Worker

from osmod.cli import main
from osmod.jobs.broker import JobBroker
from osmod.jobs.records import JobRecord, get_job


@contextmanager
def a_worker(broker: JobBroker) -> Iterator[None]:
    """What `dramatiq worker` starts, in this process."""
    broker.emit_after("process_boot")
    worker = Worker(broker, worker_threads=2, worker_timeout=100)
    worker.start()
    yield
    worker.stop()


def osmod(*words: str) -> str:
    """What `osmod …` prints."""
    return CliRunner().invoke(main, words).output


def see(broker: JobBroker, job_id: str) -> JobRecord:
    job = get_job(broker, job_id)
    assert job is not None
    return job
