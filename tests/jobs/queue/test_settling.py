"""How a job ended is told by whichever thread comes first, as it was noted."""

from __future__ import annotations

import dramatiq

from osmod.jobs import records
from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.job import Job
from osmod.jobs.states import JobState
from osmod.jobs.steering.invariants import check


def _ended(broker: JobBroker, *, fails: bool) -> Job:
    """A job that was leased, and how it ended noted, but not told."""
    dramatiq.actor(actor_name="note")(lambda: None).send()
    consumer = broker.consume("default", prefetch=1, timeout=10)
    job = next(consumer)
    assert isinstance(job, Job)
    if fails:
        job.stuff_exception(KeyError("oops"))
    broker.custody.holdings("default").settle(job, job.failure() if fails else job.success())
    return job


def test_a_failure_that_another_thread_is_telling_keeps_its_reason(broker: JobBroker) -> None:
    """Two threads saw it untold; the one that comes second finds it under way, and has nothing of its own to say."""
    holdings = broker.custody.holdings("default")
    job = _ended(broker, fails=True)
    under_way = holdings.pending.popleft()
    broker.do_nack("default", job.message_id)
    holdings.pending.append(under_way)
    assert holdings.flush(broker.links)

    record = records.get_job(broker, job.message_id)
    assert record is not None
    assert record.error is not None
    assert (JobState.FAILED, "KeyError", "'oops'") == (record.state, record.error.kind, record.error.message)
    assert [] == check(broker)


def test_a_job_whose_followups_are_owed_is_not_told_before_them(broker: JobBroker) -> None:
    """It waits for another try, put aside by the thread that could not send them."""
    holdings = broker.custody.holdings("default")
    job = _ended(broker, fails=False)
    put_aside = holdings.pending.popleft()
    holdings._owing.append(put_aside)
    broker.do_ack("default", job.message_id)

    record = records.get_job(broker, job.message_id)
    assert record is not None
    assert JobState.ACTIVE == record.state
    holdings._take_up_owing()
    assert holdings.flush(broker.links)
    assert [] == check(broker)
