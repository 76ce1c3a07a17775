"""Hooks are called as Dramatiq calls them; those that do nothing are left out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from unittest import mock

import dramatiq
import pytest
from dramatiq import Broker, JSONEncoder, Message, MessageProxy, Middleware, PickleEncoder
from dramatiq.errors import DecodeError
from dramatiq.middleware import Callbacks, Retries, SkipMessage

from osmod.jobs.broker import JobBroker
from osmod.jobs.messages.encoding import decoder
from osmod.jobs.middleware.timelimit import TimeLimit
from tests.jobs.conftest import working
from tests.queue_counts import queue_counts


class Recorder(Middleware):
    """Writes down what it is told."""

    def __init__(self, name: str, into: list[str]) -> None:
        self.name = name
        self.into = into

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        self.into.append(f"before {self.name}")

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: Any = None
    ) -> None:
        self.into.append(f"after {self.name} {type(exception).__name__}")

    def after_ack(self, broker: Broker, message: MessageProxy) -> None:
        self.into.append(f"acked {self.name}")

    def after_nack(self, broker: Broker, message: MessageProxy) -> None:
        self.into.append(f"nacked {self.name}")


def test_before_hooks_run_in_order_and_after_hooks_in_reverse(make_broker: Callable[..., JobBroker]) -> None:
    """For jobs that succeed and for those that fail."""
    told: list[str] = []
    broker = make_broker(middleware=[Recorder("one", told), Recorder("two", told), Retries(max_retries=0)])

    @dramatiq.actor
    def maybe(fails: bool) -> None:
        if fails:
            raise RuntimeError("as told")

    for fails in (False, True):
        maybe.send(fails)
        with working(broker, threads=1):
            broker.join("default", timeout=120_000)

    ran = ["before one", "before two", "after two NoneType", "after one NoneType", "acked two", "acked one"]
    failed = ["before one", "before two", "after two RuntimeError", "after one RuntimeError"]
    assert told == [*ran, *failed, "nacked two", "nacked one"]


def test_a_hook_that_breaks_breaks_nothing_else(broker: JobBroker) -> None:
    """It is logged, and the job runs; only a `MiddlewareError` passes through."""
    told: list[str] = []

    class Broken(Middleware):
        def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
            raise RuntimeError("broken hook")

    class Skipping(Middleware):
        def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
            if message.args:
                raise SkipMessage("not this one")

    broker.add_middleware(Broken())
    broker.add_middleware(Skipping())
    actor = dramatiq.actor(actor_name="note")(lambda *given: told.append("ran"))
    actor.send()
    actor.send("skip me")
    with working(broker):
        broker.join("default", timeout=120_000)

    assert told == ["ran"]
    assert queue_counts(broker, "default").done == 2


def test_a_subclass_of_dramatiqs_middleware_is_always_called(make_broker: Callable[..., JobBroker]) -> None:
    """Only Dramatiq's own classes are known to rest."""
    called = threading.Event()

    class Mine(Callbacks):
        def after_process_message(self, *args: Any, **kwargs: Any) -> None:
            called.set()

    broker = make_broker(middleware=[Mine()])
    actor = dramatiq.actor(actor_name="noop")(lambda: None)
    actor.send()
    with working(broker):
        assert called.wait(120)


def test_middleware_changed_later_is_noticed(broker: JobBroker) -> None:
    """Lists of hooks are made anew when the middleware are others, and a patched hook is called."""
    told: list[str] = []
    message = MessageProxy(Message("default", "nobody", (), {}, {}))
    broker.emit_after("ack", message)
    recorder = Recorder("late", told)
    broker.add_middleware(recorder)
    broker.emit_after("ack", message)
    broker.middleware.remove(recorder)
    broker.emit_after("ack", message)
    broker.middleware.append(recorder)
    with mock.patch.object(recorder, "after_ack") as patched:
        broker.emit_after("ack", message)

    assert told == ["acked late"]
    assert patched.call_count == 1


def test_time_limits_follow_the_options() -> None:
    """Message over actor over default, each thread its own limit, none left after the job."""
    limit = TimeLimit(time_limit=1000)
    broker = JobBroker(middleware=[limit])
    dramatiq.set_broker(broker)
    dramatiq.actor(actor_name="noop", time_limit=50_000)(lambda: None)
    runs = limit.manager._runs  # type: ignore[union-attr]
    for options, seconds in (({}, 50), ({"time_limit": 9000}, 9), ({}, 50)):
        message = MessageProxy(Message("default", "noop", (), {}, options))
        with mock.patch("osmod.jobs.middleware.timelimit.monotonic", return_value=0.0):
            limit.before_process_message(broker, message)
        assert runs[threading.get_ident()] == (0.0, seconds)
        limit.after_process_message(broker, message)
        assert runs[threading.get_ident()] is None


@pytest.mark.parametrize("argument", ["plain", "über", "\x00", 1, None, ["a", {"b": 2}]])
def test_messages_are_decoded_as_dramatiq_decodes_them(argument: object) -> None:
    """Two messages joined, each found by its offsets, with every encoder."""
    first: Message[Any] = Message("default", "note", (argument,), {"key": argument}, {"option": 1})
    second: Message[Any] = Message("default", "other", (), {}, {})
    for encoder in (JSONEncoder(), PickleEncoder()):
        dramatiq.set_encoder(encoder)
        try:
            data = first.encode()
            decode = decoder(data + second.encode())
            assert decode(0, len(data)) == first
            assert decode(len(data), len(data) + len(second.encode())) == second
        finally:
            dramatiq.set_encoder(JSONEncoder())


@pytest.mark.parametrize("data", [b"no json", b"{}", b"[1]", b'{"args": 1}', b'{"a": 1} {"b": 2}'])
def test_what_is_no_message_is_a_decode_error(data: bytes) -> None:
    """Whatever is wrong with it."""
    with pytest.raises(DecodeError):
        decoder(data)(0, len(data))
