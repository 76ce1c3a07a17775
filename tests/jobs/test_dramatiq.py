"""What a program written for Dramatiq's Redis broker finds in its messages, on the job queue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dramatiq
import pytest
from dramatiq import Broker, Message, MessageProxy, Middleware
from dramatiq.common import current_millis
from dramatiq.middleware import AsyncIO, CurrentMessage, default_middleware
from dramatiq.results import Results
from dramatiq.results.backends import StubBackend

from osmod.jobs import steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.messages.options import MESSAGE_OPTIONS
from osmod.jobs.records.filters import JobFilter
from tests.jobs.conftest import working
from tests.jobs.fail_fast import FailFastBroker
from tests.queue_counts import queue_counts
from tests.redis_servers import Server
from tests.waiting import until


def _current() -> Message[Any]:
    message = CurrentMessage.get_current_message()
    assert message is not None
    return message.copy()


def test_an_actor_sees_the_message_that_send_returned(broker: JobBroker) -> None:
    """The two are equal, by whatever fields they are compared, the broker's own option included."""
    broker.add_middleware(CurrentMessage())
    seen: list[Message[Any]] = []
    actor = dramatiq.actor(actor_name="note")(lambda number: seen.append(_current()))
    sent = [actor.send(1), actor.send_with_options(args=(2,), max_retries=1)]

    with working(broker):
        broker.join("default", timeout=120_000)

    assert sorted(sent) == sorted(seen)
    assert sent[0].options == {"redis_message_id": sent[0].message_id}


def test_a_delayed_message_says_when_it_is_due(broker: JobBroker) -> None:
    """Its sender and the hooks read the moment from `eta`, in milliseconds; the actor finds none."""
    told: list[Any] = []

    class Listening(Middleware):
        def before_enqueue(self, broker: Broker, message: Message[Any], delay: int | None) -> None:
            told.append(message.options.get("eta"))

    broker.add_middleware(Listening())
    broker.add_middleware(CurrentMessage())
    seen: list[Message[Any]] = []
    actor = dramatiq.actor(actor_name="note")(lambda: seen.append(_current()))
    before = current_millis()
    eta = actor.send_with_options(delay=200).options["eta"]

    assert before + 200 <= eta <= current_millis() + 200
    assert told == [eta]
    with working(broker):
        broker.join("default", timeout=120_000)
    assert current_millis() >= eta
    assert "eta" not in seen[0].options


def test_a_message_for_a_delay_queue_belongs_to_its_queue(broker: JobBroker) -> None:
    """What Dramatiq's broker made of a delayed message can be sent here: it runs when it is due."""
    ran: list[int] = []
    dramatiq.actor(actor_name="note")(lambda: ran.append(current_millis()))
    eta = current_millis() + 1_000
    sent = broker.enqueue(Message("default.DQ", "note", (), {}, {"eta": eta}))

    assert sent.queue_name == "default"
    assert queue_counts(broker, "default").delayed == 1
    with working(broker):
        until(lambda: queue_counts(broker, "default").done == 1)
    assert ran[0] >= eta


def test_options_that_hooks_put_on_messages_reach_the_worker(broker: JobBroker) -> None:
    """As tracing does: what a middleware adds while a message is sent need not be made known."""
    seen: list[object] = []

    class Tracing(Middleware):
        def before_enqueue(self, broker: Broker, message: Message[Any], delay: int | None) -> None:
            message.options["trace_id"] = "sent"

        def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
            seen.append(message.options.get("trace_id"))

    broker.add_middleware(Tracing())
    dramatiq.actor(actor_name="noop")(lambda: None).send()
    with working(broker, threads=1):
        broker.join("default", timeout=120_000)

    assert seen == ["sent"]


def test_options_of_absent_middleware_are_passed_on(make_broker: Callable[..., JobBroker]) -> None:
    """A process that only sends needs none of the middleware of the workers."""
    broker = make_broker(middleware=[])
    actor = dramatiq.actor(actor_name="noop")(lambda: None)
    given: dict[str, Any] = {
        "max_retries": 3,
        "min_backoff": 5,
        "pipe_ignore": True,
        "store_results": True,
        "result_ttl": 1,
    }

    sent = actor.send_with_options(**given)

    assert given.items() <= sent.options.items()
    assert broker.do_qsize("default") == 1


def test_every_option_of_dramatiqs_middleware_is_known() -> None:
    """None of them is ever taken for a misspelt other one."""
    kinds = (*default_middleware, CurrentMessage, AsyncIO)
    results = Results(backend=StubBackend())
    assert MESSAGE_OPTIONS >= results.actor_options.union(*(kind().actor_options for kind in kinds))


def test_a_job_of_an_unknown_actor_is_failed_and_can_be_retried(
    make_broker: Callable[..., JobBroker],
) -> None:
    """A worker that lacks an actor fails its jobs with that reason, runs the others, and loses none."""
    broker = make_broker()
    ran: list[str] = []
    known = dramatiq.actor(actor_name="known")(lambda: ran.append("known"))
    broker.enqueue(Message("default", "newer", (), {}, {}))
    known.send()
    with working(broker, threads=1):
        broker.join("default", timeout=120_000)

    assert (["known"], 1) == (ran, queue_counts(broker, "default").failed)

    newer = make_broker()
    dramatiq.actor(actor_name="newer")(lambda: ran.append("newer"))
    assert 1 == steering.retry(newer, JobFilter(error="ActorNotFound"))
    with working(newer, threads=1):
        newer.join("default", timeout=120_000)

    assert ["known", "newer"] == ran


def test_join_can_raise_what_an_actor_raised(server: Server) -> None:
    """As the stub broker's does, on which most of Dramatiq's own tests rely."""
    broker = FailFastBroker(url=server.url)
    dramatiq.set_broker(broker)

    @dramatiq.actor(max_retries=0)
    def fails() -> None:
        raise ValueError("as told")

    fails.send()
    with working(broker, threads=1):
        broker.join("default", timeout=120_000, fail_fast=False)
        with pytest.raises(ValueError, match="as told"):
            broker.join("default", timeout=120_000)
    broker.close()
