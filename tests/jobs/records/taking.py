"""A worker's part by hand: take jobs, end them, without threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from osmod.jobs.broker import JobBroker


@contextmanager
def taken(broker: JobBroker, number: int, queue: str = "default") -> Iterator[tuple[Any, list[Any]]]:
    """A consumer and so many jobs that it holds."""
    consumer = broker.consume(queue, prefetch=number, timeout=1000)
    jobs: list[Any] = []
    while len(jobs) < number:
        job = next(consumer)
        if job is not None:
            jobs.append(job)
    yield consumer, jobs
    consumer.close()


def end(broker: JobBroker, number: int, error: Exception | None = None, queue: str = "default") -> list[str]:
    """Take so many jobs and end them, failed if an error is given. Returns their ids."""
    with taken(broker, number, queue) as (consumer, jobs):
        for job in jobs:
            if error is None:
                consumer.ack(job)
            else:
                job.stuff_exception(error)
                consumer.nack(job)
        return [job.message_id for job in jobs]
