"""One job: the filter that means it, and its record."""

from __future__ import annotations

from osmod.jobs.broker import JobBroker
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.reading import get_job
from osmod.jobs.records.record import JobRecord


def one(job_id: str) -> JobFilter:
    return JobFilter(ids=(job_id,))


def record(broker: JobBroker, job_id: str) -> JobRecord:
    found = get_job(broker, job_id)
    assert found is not None
    return found
