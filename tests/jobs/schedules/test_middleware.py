"""The worker's side: what is recorded of a run, and what is skipped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dramatiq
import periodiq
import pytest
from dramatiq import Worker
from dramatiq.brokers.redis import RedisBroker
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import Retries

from osmod.jobs.schedules import (
    NotASchedule,
    SchedulesMiddleware,
    cron,
    every,
    list_schedules,
)

from .conftest import run


def test_what_is_no_schedule_fails_at_import() -> None:
    """A spec of periodiq's own, or a text, is refused where the actor is declared, by name."""
    broker = StubBroker(middleware=[SchedulesMiddleware()])
    for wrong, shown in ((periodiq.cron("0 0 * * 0"), "<CronSpec 0 0 * * 0>"), ("6 hours", "'6 hours'")):
        with pytest.raises(NotASchedule) as caught:
            dramatiq.actor(actor_name="beat", broker=broker, periodic=wrong)(lambda: None)
        message = f"beat: periodic must be every(…) or cron(…) of osmod.jobs.schedules, not {shown}."
        assert message == str(caught.value)


def test_a_broker_without_the_middleware_is_named() -> None:
    """Asking for schedules on a broker that has none says what to add."""
    with pytest.raises(LookupError) as caught:
        SchedulesMiddleware.of(StubBroker(middleware=[]))
    message = "The broker has no SchedulesMiddleware: add one to its middleware."
    assert message == str(caught.value)


def test_a_run_held_up_in_a_backlog_still_runs(make_broker, make_scheduler, clock) -> None:
    """periodiq drops a run that waited 30 seconds; here it runs, months later."""
    broker = make_broker(("beat", every("10 minutes")))
    scheduler = make_scheduler(broker)
    clock.advance(minutes=10)
    scheduler.step()
    assert run(broker, broker.sent[0])  # the clock of the test stands months away from now


def test_skip_delay_can_be_asked_for(make_broker, make_scheduler, clock) -> None:
    """With `skip_delay` an old run is skipped, and that is recorded and frees the schedule."""
    clock.time = datetime.now(UTC) - timedelta(hours=1)
    broker = make_broker(("beat", every("10 minutes")), skip_delay="30 seconds")
    scheduler = make_scheduler(broker)
    clock.advance(minutes=10)
    scheduler.step()
    assert not run(broker, broker.sent[0])
    state = list_schedules(broker)[0]
    assert (state.last_outcome, state.waiting) == ("skipped", False)


def test_workers_without_redis_still_work() -> None:
    """A record that cannot be kept stops no run."""
    broker = RedisBroker(url="redis://127.0.0.1:1", middleware=[SchedulesMiddleware()])
    actor = dramatiq.actor(actor_name="beat", broker=broker, periodic=every("1 hour"))(lambda: None)
    assert run(broker, actor.message())
    broker.client.close()


def test_other_brokers_are_left_alone() -> None:
    """On a broker that is not on Redis a periodic actor is an actor like any other."""
    broker = StubBroker(middleware=[SchedulesMiddleware()])
    actor = dramatiq.actor(actor_name="beat", broker=broker, periodic=every("1 hour"))(lambda: None)
    assert run(broker, actor.message())


def test_a_real_worker_records_its_runs(redis_client, schedules_redis) -> None:
    """Done, retried and failed runs stand in the record with their duration and error."""
    broker = RedisBroker(url=schedules_redis, middleware=[Retries(max_retries=0), SchedulesMiddleware()])
    done = dramatiq.actor(actor_name="good", broker=broker, periodic=every("1 hour"))(lambda: None)

    @dramatiq.actor(actor_name="bad", broker=broker, periodic=cron("@daily"), throws=ZeroDivisionError)
    def bad() -> None:
        raise ZeroDivisionError("by zero")

    SchedulesMiddleware.of(broker).scheduler([done, bad]).step()
    worker = Worker(broker, worker_timeout=50, worker_threads=1)
    worker.start()
    done.send()
    bad.send()
    broker.join("default", timeout=120_000)
    worker.join()
    worker.stop()
    bad_state, good_state = list_schedules(broker)
    assert (good_state.last_outcome, good_state.last_error) == ("done", "")
    assert (bad_state.last_outcome, bad_state.last_error) == ("failed", "ZeroDivisionError: by zero")
    assert good_state.last_duration is not None
    assert good_state.last_duration < timedelta(minutes=1)
    assert not good_state.running
    assert good_state.last_started is not None
    broker.close()
    broker.client.close()
