"""A job that raises `PutOff` goes back to Redis until then, as if its run had not begun."""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import chain
from typing import Any

import dramatiq
import pytest
from dramatiq import Message, Middleware
from dramatiq.middleware import AsyncIO

from osmod.jobs import current_job
from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import PutOff
from osmod.jobs.inline import InlineBroker
from osmod.jobs.middleware.outcomes import OutcomeLog
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.reading import get_job
from osmod.jobs.records.record import JobRecord
from osmod.jobs.schedules import SchedulesMiddleware, every
from osmod.jobs.schedules.steering import list_schedules, run_now
from osmod.jobs.setup import default_middleware
from osmod.jobs.states import JobState
from osmod.jobs.steering import acts
from osmod.jobs.testing import drain
from osmod.settings import get_settings
from tests.found import only
from tests.jobs.conftest import working
from tests.queue_counts import queue_counts
from tests.waiting import until


def record(broker: JobBroker, message: Message[Any]) -> JobRecord:
    """The record of a job that is there."""
    job = get_job(broker, message.message_id)
    assert job is not None
    return job


def test_its_record_says_until_when_and_why(broker: JobBroker) -> None:
    """No attempt is counted, and no error stands there."""

    @dramatiq.actor(max_retries=0, sensitive=["key"])
    def ask(key: str) -> None:
        raise PutOff(90, f"the key {key} may ask once a minute")

    message = ask.send("s3cret")
    assert 1 == drain(broker)

    job = record(broker, message)
    assert (JobState.DELAYED, 0, 1, None) == (job.state, job.attempts_made, job.attempts_left, job.error)
    assert "the key ••• may ask once a minute" == job.waits_for == job.as_dict()["waits_for"]
    assert job.due is not None
    assert job.created is not None
    assert 85 < (job.due - job.created).total_seconds() < 100


def test_draining_what_is_delayed(broker: JobBroker) -> None:
    """A job that puts itself off runs once, however often what is delayed is run; what is sent meanwhile runs, too."""
    ran: list[str] = []

    @dramatiq.actor
    def other() -> None:
        ran.append("other")

    @dramatiq.actor
    def ask() -> None:
        ran.append("ask")
        other.send_with_options(delay=60_000)
        raise PutOff(90, "its turn has not come")

    ask.send_with_options(delay=60_000)
    assert (2, ["ask", "other"]) == (drain(broker, delayed=True), ran)


def test_the_reason_is_gone_with_the_wait(broker: JobBroker) -> None:
    """A job that waits for something else, such as its next attempt, does not wait for what it once did."""
    errors: list[Exception] = [PutOff(0.001, "its turn"), ValueError("broken")]

    @dramatiq.actor(max_retries=1, backoff=60_000)
    def ask() -> None:
        raise errors.pop(0)

    message = ask.send()
    with working(broker):
        until(lambda: not errors and record(broker, message).state is JobState.DELAYED)

    assert (1, None) == (record(broker, message).attempts_made, record(broker, message).waits_for)


def test_however_often(broker: JobBroker) -> None:
    """No retry is used up, and what Redis keeps of the job does not grow."""
    sizes: list[int] = []

    @dramatiq.actor(max_retries=0)
    def ask() -> None:
        job: Any = broker.client.hgetall(f"dramatiq:{{default}}:job:{current_job().id}")
        sizes.append(sum(map(len, chain(*job.items()))))
        if len(sizes) < 300:
            raise PutOff(0.001, f"turn {len(sizes):04}")

    message = ask.send()
    with working(broker, threads=1):
        until(lambda: record(broker, message).state is JobState.DONE, 30)

    assert 300 == len(sizes)
    assert 1 == record(broker, message).attempts_made
    assert sizes[-1] < sizes[1] + 20  # numbers of leases have more digits by and by


def test_what_looks_at_the_end_of_a_run_sees_none(
    make_broker: Callable[..., JobBroker], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither retries nor pipelines nor callbacks; the log has one line for who asks, and no error."""
    caplog.set_level(logging.DEBUG, OutcomeLog.__module__)
    broker = make_broker(middleware=default_middleware(get_settings()))
    turns = [PutOff(0.001, "its turn")]
    ended: list[str] = []

    @dramatiq.actor
    def follow(*_: object) -> None:
        ended.append("follow")

    @dramatiq.actor
    def ask() -> None:
        ended.append("ask")
        if turns:
            raise turns.pop()

    message = ask.message_with_options(on_success=follow, on_failure=follow)
    broker.enqueue(message)
    with working(broker):
        until(lambda: len(ended) == 3)
        until(lambda: queue_counts(broker, "default").done == 2)

    assert ["ask", "ask", "follow"] == ended
    assert [] == [one.getMessage() for one in caplog.records if one.levelno > logging.INFO]
    told = [(one.levelname, one.getMessage()) for one in caplog.records if one.name == OutcomeLog.__module__]
    assert [("DEBUG", "Job postponed by 0.001 s: PutOff: its turn")] == told


def test_an_async_actor(make_broker: Callable[..., JobBroker]) -> None:
    """Is put off as others are."""
    broker = make_broker()
    broker.add_middleware(AsyncIO())
    turns = [PutOff(0.001, "its turn")]

    @dramatiq.actor(max_retries=0)
    async def ask() -> None:
        if turns:
            raise turns.pop()

    ask.send()
    with working(broker):
        until(lambda: queue_counts(broker, "default").done == 1)


def test_a_unique_key_is_held_meanwhile(broker: JobBroker) -> None:
    """Who sends the same again meets the job that waits."""

    @dramatiq.actor
    def ask() -> None:
        raise PutOff(60, "its turn")

    first = ask.send_with_options(unique="one")
    drain(broker)

    assert first.message_id == ask.send_with_options(unique="one").message_id


def test_one_that_is_cancelled_meanwhile_is_not_put_off(broker: JobBroker) -> None:
    """Whoever stopped it is heard."""

    @dramatiq.actor
    def ask() -> None:
        acts.cancel(broker, JobFilter(), by="me")
        raise PutOff(60, "its turn")

    message = ask.send()
    drain(broker)

    assert JobState.CANCELLED is record(broker, message).state


def test_where_there_is_no_queue_it_is_an_error() -> None:
    """Whoever sent gets it."""
    dramatiq.set_broker(InlineBroker())

    @dramatiq.actor
    def ask() -> None:
        raise PutOff(60, "its turn")

    with pytest.raises(PutOff, match="^its turn$"):
        ask.send()


def test_middleware_of_others_sees_it(broker: JobBroker) -> None:
    """As the run's exception."""
    seen: list[object] = []

    class Looking(Middleware):
        def after_process_message(
            self, broker: Any, message: Any, *, result: Any = None, exception: BaseException | None = None
        ) -> None:
            seen.append(exception)

    broker.add_middleware(Looking())
    error = PutOff(60, "its turn")

    @dramatiq.actor
    def ask() -> None:
        raise error

    ask.send()
    drain(broker)

    assert [error] == seen


def test_a_scheduled_run_has_not_ended(broker: JobBroker) -> None:
    """Its schedule knows of it as of one that runs still, until it has."""
    broker.add_middleware(SchedulesMiddleware())
    turns = [PutOff(60, "its turn")]

    @dramatiq.actor(periodic=every("1 hour"))
    def hourly() -> None:
        if turns:
            raise turns.pop()

    SchedulesMiddleware.of(broker).scheduler([hourly]).step()
    message = run_now(broker, "hourly")
    with working(broker):
        until(lambda: record(broker, message).state is JobState.DELAYED)
    put_off = only(list_schedules(broker))
    acts.promote(broker, JobFilter(), by="me")
    with working(broker):
        until(lambda: record(broker, message).state is JobState.DONE)
    done = only(list_schedules(broker))

    assert (None, "done") == (put_off.last_outcome, done.last_outcome)
