"""The broker under test: ours, or under `pytest --broker stock` Dramatiq's own in its place."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import dramatiq
from dramatiq import Message, Middleware
from dramatiq.brokers.redis import RedisBroker
from dramatiq.common import current_millis

from osmod.jobs.broker import JobBroker
from osmod.jobs.steering.invariants import check
from tests.waiting import until

#: The environment variable that says which, to worker processes too: `ours` (the default) or `stock`.
CHOICE = "TEST_BROKER"
BROKERS = ("ours", "stock")


def open_broker(url: str, **parameters: Any) -> RedisBroker:
    """The broker under test. Dramatiq's own comes as it is: the parameters are ours."""
    if os.environ.get(CHOICE) == "stock":
        return RedisBroker(url=url)
    return JobBroker(url=url, **parameters)


def boot(url: str, **parameters: Any) -> JobBroker:
    """The broker under test, for workers in this process. From now on actors are declared on it."""
    broker: Any = open_broker(url, **parameters)
    broker.emit_after("process_boot")
    dramatiq.set_broker(broker)
    return broker


@contextmanager
def impatient(broker: JobBroker) -> Iterator[None]:
    """What cannot be sent is given up after a tenth of a second; what is sent before and after need not be so quick."""
    patience = getattr(broker, "send_patience", 0)  # Dramatiq's own has none
    broker.send_patience = 100
    yield
    broker.send_patience = patience


def hooks_over(broker: RedisBroker) -> threading.Event:
    """Is set once all hooks after a job have been called: what follows is telling Redis of its end."""
    over = threading.Event()

    class Last(Middleware):
        def after_process_message(self, *_: object, **__: object) -> None:
            over.set()

    # After-hooks are called in reverse order.
    broker.add_middleware(Last(), before=type(broker.middleware[0]))
    return over


def until_held(broker: RedisBroker) -> None:
    """Wait until workers have what is delayed in their memory, which is where Dramatiq's own broker has it."""
    delayed = f"{broker.namespace}:default.DQ"
    until(lambda: not broker.client.llen(delayed), what="workers fetch what is delayed")


def send_all(broker: RedisBroker, messages: Iterable[Message[Any]], delay: int | None = None) -> None:
    """Queue many messages, `delay` milliseconds from now if given; with few calls where the broker can."""
    if isinstance(broker, JobBroker):
        due = {} if delay is None else {"eta": current_millis() + delay}
        broker.send_many(message.copy(options=due) for message in messages)
    else:
        for message in messages:
            broker.enqueue(message, delay=delay)


def unsound(broker: RedisBroker) -> int:
    """How many invariants are broken. Dramatiq's broker has none that could be looked at."""
    return len(check(broker)) if isinstance(broker, JobBroker) else 0
