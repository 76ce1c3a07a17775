"""What became of a run, in one line: in this process, so that jobs can be cancelled and workers stopped in time."""

from __future__ import annotations

import inspect
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dramatiq
import pytest
from dramatiq import worker as dramatiqs_worker
from dramatiq.middleware import age_limit, retries

from osmod.jobs.broker import JobBroker
from osmod.jobs.logs.handlers import DRAMATIQ_SAYS
from osmod.jobs.middleware.outcomes import OutcomeLog
from osmod.jobs.records import JobFilter
from osmod.jobs.setup import default_middleware
from osmod.jobs.steering import acts
from osmod.jobs.worker.hook_table import AFTER
from osmod.settings import get_settings
from tests.jobs.brokers import boot
from tests.jobs.conftest import working
from tests.queue_counts import queue_counts
from tests.redis_servers import Server
from tests.waiting import until

NAME = "osmod.jobs.middleware.outcomes"


@pytest.fixture
def broker(own_server: Callable[..., Server], caplog: pytest.LogCaptureFixture) -> Iterator[JobBroker]:
    """The project's broker, in a worker process that logs everything."""
    caplog.set_level(logging.DEBUG, NAME)
    broker = boot(own_server().url, middleware=default_middleware(get_settings()), drain=100)
    assert isinstance(broker, JobBroker)
    yield broker
    broker.close()


def said(caplog: pytest.LogCaptureFixture, outcome: str) -> list[tuple[str, str]]:
    """Level and sentence of what was said of jobs with an outcome."""
    return [
        (record.levelname, record.getMessage())
        for record in caplog.records
        if record.name.startswith(NAME) and vars(record)["outcome"] == outcome
    ]


@contextmanager
def working_without_end(broker: JobBroker) -> Iterator[None]:
    """A worker on a job that only an interruption ends."""
    began = threading.Event()

    @dramatiq.actor
    def wait() -> None:
        began.set()
        while True:
            time.sleep(0.005)

    wait.send()
    with working(broker):
        assert began.wait(120)
        yield


@pytest.mark.timed
def test_retried_and_failed(broker: JobBroker, caplog: pytest.LogCaptureFixture) -> None:
    """Each attempt has its number, how long it waited from when it was due, and how long it ran."""

    @dramatiq.actor(max_retries=1, backoff=300)
    def break_down(number: int) -> None:
        time.sleep(0.02)
        raise KeyError(number)

    message = break_down.send(7)
    with working(broker):
        until(lambda: queue_counts(broker, "default").failed == 1)

    assert [("WARNING", "Job failed, again in 0.3 s: KeyError: 7")] == said(caplog, "retried")
    assert [("WARNING", "Job failed: KeyError: 7")] == said(caplog, "failed")
    first, second = (vars(record) for record in caplog.records if record.name == NAME)
    assert {"call": "break_down(number=7)", "attempt": 1, "job": message.message_id}.items() <= first.items()
    assert {"reason": "KeyError: 7", "attempt": 2, "actor": "break_down"}.items() <= second.items()
    # From the moment for which it was delayed, not from when it was sent: the pause comes on top.
    assert 300 + second["waited_ms"] + second["ran_ms"] < 1000 * (second["created"] - first["created"]) + 150
    assert second["ran_ms"] >= 20
    assert "in break_down" in second["exception"]


def test_a_retry_that_was_asked_for(broker: JobBroker, caplog: pytest.LogCaptureFixture) -> None:
    """Is no warning."""

    @dramatiq.actor
    def again() -> None:
        if len(caplog.records) < 1:
            raise dramatiq.Retry("not yet", delay=10)

    again.send()
    with working(broker):
        until(lambda: said(caplog, "done"))

    assert [("INFO", "Job failed, again in 0.01 s: Retry: not yet")] == said(caplog, "retried")
    assert [("INFO", "Job done.")] == said(caplog, "done")


def test_cancelled(broker: JobBroker, caplog: pytest.LogCaptureFixture) -> None:
    """While it ran."""
    with working_without_end(broker):
        acts.cancel(broker, JobFilter(), by="me")
        until(lambda: said(caplog, "cancelled"))

    assert [("INFO", "Job cancelled: Cancelled")] == said(caplog, "cancelled")
    assert [] == said(caplog, "failed")


def test_interrupted(broker: JobBroker, caplog: pytest.LogCaptureFixture) -> None:
    """A worker that stops does not wait for ever."""
    with working_without_end(broker):
        pass

    assert [("INFO", "Job interrupted, back to its place in the queue: Drained")] == (
        said(caplog, "interrupted")
    )


def test_postponed_and_too_old(broker: JobBroker, caplog: pytest.LogCaptureFixture) -> None:
    """By what runs before the job."""

    @dramatiq.actor(rate_limit="1/day")
    def seldom() -> None:
        """Run once."""

    @dramatiq.actor(max_age=1)
    def fresh() -> None:
        """Run at once or not at all."""

    seldom.send()
    seldom.send()
    fresh.send()
    time.sleep(0.002)  # One millisecond is too old; nothing else happens that could be waited for.
    with working(broker):
        until(lambda: said(caplog, "postponed") and said(caplog, "failed"))

    ((level, sentence),) = said(caplog, "postponed")
    assert "DEBUG" == level
    assert sentence.startswith("Job postponed by 8.64e+04 s: SkipMessage: over the rate of seldom")
    assert [("WARNING", "Job failed: SkipMessage: Message age limit exceeded")] == said(caplog, "failed")


def test_jobs_that_are_done_cost_nothing_unless_they_are_told_of(
    own_server: Callable[..., Server],
) -> None:
    """Not even a call, if they carry no options."""
    broker = boot(own_server().url, middleware=default_middleware(get_settings()))
    assert isinstance(broker, JobBroker)
    for hook, called in ((AFTER["process_message"], False), (AFTER["skip_message"], True)):
        asked = broker._hooks._on(broker, hook, plain=True)
        assert called == any(isinstance(one, OutcomeLog) for one in asked)
    broker.close()


def test_dramatiq_still_says_what_is_left_out() -> None:
    """Should its sentences change, they would come back beside ours."""
    source = "".join(inspect.getsource(module) for module in (dramatiqs_worker, retries, age_limit))
    assert set() == {sentence for sentence in DRAMATIQ_SAYS if f'"{sentence}"' not in source}
