"""The helpers shipped for tests, on each of the three brokers."""

from __future__ import annotations

from typing import Any

import dramatiq
import pytest
from dramatiq import Actor, Broker
from dramatiq.brokers.stub import StubBroker

from osmod.jobs import current_job
from osmod.jobs.broker import JobBroker
from osmod.jobs.inline import InlineBroker
from osmod.jobs.pytest_plugin import QueuedJobs, queued_jobs  # noqa: F401 - the fixture
from osmod.jobs.testing import assert_enqueued, assert_not_enqueued, drain, enqueued
from osmod.task.payload import checked


@pytest.fixture(params=["queue", "stub"])
def any_broker(request: pytest.FixtureRequest, broker: JobBroker) -> Broker:
    """A broker that keeps jobs until they are run, set as the one in use."""
    if request.param == "queue":
        return broker
    stub = StubBroker()
    stub.actor_options |= {"sensitive"}
    dramatiq.set_broker(stub)
    return stub


@pytest.fixture
def accept(any_broker: Broker) -> Actor[..., Any]:
    """An actor with a secret."""

    @dramatiq.actor(actor_name="acceptComments", sensitive=("note",))
    @checked("acceptComments")
    def accept(comment_id: int, user_id: int | None = None, note: str = "") -> None:
        """Nothing is done here."""

    return accept


def test_a_job_is_found_by_some_of_its_arguments(accept: Actor[..., Any]) -> None:
    """By position or by name, in the sender's spelling; waiting or delayed; by the actor or its name."""
    accept.send(12, user_id=3)
    accept.send_with_options(kwargs={"commentId": 13}, delay=60_000)

    assert (12,) == assert_enqueued(accept, comment_id=12).args
    assert_enqueued("acceptComments", comment_id=13)
    assert_enqueued(accept)
    assert_not_enqueued(accept, comment_id=14)
    assert_not_enqueued("rejectComments")
    assert 2 == len(enqueued())


def test_what_is_missing_and_what_is_there_is_said(accept: Actor[..., Any]) -> None:
    """So that a failing test explains itself, without secrets."""
    with pytest.raises(AssertionError) as nothing:
        assert_enqueued(accept, comment_id=12)
    accept.send(13, note="a secret")
    with pytest.raises(AssertionError) as missing:
        assert_enqueued(accept, comment_id=12)
    with pytest.raises(AssertionError) as there:
        assert_not_enqueued(accept)

    assert "acceptComments(comment_id=12) was not enqueued; nothing is" == str(nothing.value)
    assert (
        "acceptComments(comment_id=12) was not enqueued; there are acceptComments(comment_id=13, note=•••)"
    ) == str(missing.value)
    assert "acceptComments(comment_id=13, note=•••) was enqueued" == str(there.value)


def test_drain_runs_what_waits_and_what_that_sends(any_broker: Broker) -> None:
    """In this thread, in order; jobs in other queues, too. Delayed ones stay."""
    ran: list[str] = []

    @dramatiq.actor(queue_name="second")
    def tell(who: str) -> None:
        ran.append(who)

    @dramatiq.actor
    def work() -> None:
        ran.append("work")
        tell.send("publisher")
        tell.send_with_options(args=("later",), delay=60_000)

    work.send()

    assert 2 == drain()
    assert ["work", "publisher"] == ran
    assert_enqueued(tell, who="later")
    assert 0 == drain()
    assert 1 == drain(delayed=True)
    assert "later" == ran[-1]


def test_drain_raises_what_failed_for_good(any_broker: Broker) -> None:
    """Unless told not to; retries run when delayed jobs do."""
    tries: list[int] = []

    @dramatiq.actor(max_retries=1, min_backoff=60_000)
    def work() -> None:
        tries.append(1)
        raise ValueError(f"attempt {len(tries)}")

    work.send()
    assert 1 == drain()
    with pytest.raises(ValueError, match=r"^attempt 2$"):
        drain(delayed=True)
    work.send()
    assert 2 == drain(delayed=True, raise_errors=False)


def test_the_current_job_is_there_while_draining(any_broker: Broker) -> None:
    """An actor that reports needs nothing more."""
    any_broker.add_middleware(dramatiq.middleware.CurrentMessage())
    seen: list[str] = []

    @dramatiq.actor
    def work() -> None:
        current_job().progress(1, 2)
        seen.append(current_job().id)

    message = work.send()
    drain()

    assert [message.message_id] == seen


def test_inline_mode_shows_what_was_run() -> None:
    """There is nothing left to drain; progress and log are taken and kept nowhere."""
    broker = InlineBroker()
    dramatiq.set_broker(broker)

    @dramatiq.actor
    def work(comment_id: int) -> None:
        current_job().progress(1, 2, "half")
        current_job().log("running")

    work.send(12)

    assert_enqueued(work, comment_id=12)
    assert_not_enqueued(work, comment_id=13)
    assert 0 == drain()


def test_the_fixture_takes_the_actors_over_for_one_test(
    broker: JobBroker, request: pytest.FixtureRequest
) -> None:
    """They send to a stub while it lasts, whatever broker they were declared on."""
    ran: list[int] = []
    work = dramatiq.actor(actor_name="work")(ran.append)
    jobs: QueuedJobs = request.getfixturevalue("queued_jobs")

    work.send(12)

    assert work.broker is jobs.broker is dramatiq.get_broker()
    jobs.assert_enqueued(work)
    jobs.assert_not_enqueued("other")
    assert 1 == len(jobs.messages)
    assert 1 == jobs.drain()
    assert [12] == ran
    assert 0 == broker.do_qsize("default")


def test_other_brokers_are_refused() -> None:
    """With the ones that are understood."""
    with pytest.raises(TypeError, match="expected a JobBroker, a StubBroker or an InlineBroker"):
        enqueued(Broker())
