"""Helpers for tests of code that sends jobs: `assert_enqueued(accept_comments, comment_id=12)`.

They look at the broker that the actor belongs to: the waiting and delayed jobs of a `JobBroker`, what stands
in the queues of Dramatiq's `StubBroker`, or what an `InlineBroker` ran. `osmod.jobs.pytest_plugin` has a
fixture that puts a stub broker in the place of the real one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dramatiq
from dramatiq import Actor, Broker, Message
from dramatiq.brokers.stub import StubBroker
from dramatiq.common import q_name

from osmod.jobs.broker import JobBroker
from osmod.jobs.inline import InlineBroker
from osmod.jobs.messages.arguments import described, named, shown
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import every_id
from osmod.jobs.records.reading import get_jobs
from osmod.jobs.states import JobState
from osmod.jobs.testing.stepping import run_all

#: Jobs named when an assertion fails.
_NAMED = 10


def assert_enqueued(actor: Actor[..., Any] | str, /, **arguments: Any) -> Message[Any]:
    """Fail unless a job of the actor with these arguments waits or is delayed; others may come with them.

    `actor` is the actor or its name. Returns the message, the last sent if there are several.

    Raises:
      AssertionError: there is none; it names the jobs that are there.
    """
    broker, name = _broker_of(actor)
    fitting = [message for message in _of(broker, name) if _has(broker, message, arguments)]
    if fitting:
        return max(fitting, key=lambda message: message.message_timestamp)
    there = [_call(broker, message) for message in enqueued(broker)]
    more = f" and {len(there) - _NAMED} more" if len(there) > _NAMED else ""
    listed = f"there are {', '.join(there[:_NAMED])}{more}" if there else "nothing is"
    raise AssertionError(f"{shown(name, arguments)} was not enqueued; {listed}")


def assert_not_enqueued(actor: Actor[..., Any] | str, /, **arguments: Any) -> None:
    """Fail if a job of the actor with these arguments waits or is delayed.

    Raises:
      AssertionError: there is one; it shows it with all its arguments.
    """
    broker, name = _broker_of(actor)
    for message in _of(broker, name):
        if _has(broker, message, arguments):
            raise AssertionError(f"{_call(broker, message)} was enqueued")


def enqueued(broker: Broker | None = None) -> list[Message[Any]]:
    """The messages of all jobs that wait or are delayed; with an `InlineBroker`, of the last 1,000 it ran."""
    broker = broker or dramatiq.get_broker()
    if isinstance(broker, JobBroker):
        return list(_stored(broker))
    if isinstance(broker, InlineBroker):
        return list(broker.ran)
    if isinstance(broker, StubBroker):
        return [
            Message.decode(data).copy(queue_name=q_name(queue_name))
            for queue_name, queue in broker.queues.items()
            for data in list(queue.queue)
        ]
    raise TypeError(f"{broker!r}: expected a JobBroker, a StubBroker or an InlineBroker")


def drain(broker: Broker | None = None, *, delayed: bool = False, raise_errors: bool = True) -> int:
    """Run every waiting job, and those that they send, here and now, in this thread. Returns how many runs.

    Parameters:
      broker: by default the one that is set. An `InlineBroker` has nothing left to run.
      delayed: run delayed jobs, too, retries among them, without waiting until they are due; one that puts itself off
        (`PutOff`) runs once, and stays.
      raise_errors: raise the error of the first job that fails for good.
    """
    broker = broker or dramatiq.get_broker()
    if isinstance(broker, InlineBroker):
        return 0
    if isinstance(broker, (JobBroker, StubBroker)):
        return run_all(broker, delayed=delayed, raise_errors=raise_errors)
    raise TypeError(f"{broker!r}: expected a JobBroker, a StubBroker or an InlineBroker")


def _stored(broker: JobBroker) -> Iterator[Message[Any]]:
    found = every_id(broker, JobFilter(states=(JobState.WAITING, JobState.DELAYED)))
    for queue_name, ids in found.items():
        for job in get_jobs(broker, queue_name, ids):
            if job is not None and job.raw is not None:
                yield job.raw


def _broker_of(actor: Actor[..., Any] | str) -> tuple[Broker, str]:
    if isinstance(actor, str):
        return dramatiq.get_broker(), actor
    return actor.broker, actor.actor_name


def _of(broker: Broker, name: str) -> list[Message[Any]]:
    return [message for message in enqueued(broker) if message.actor_name == name]


def _has(broker: Broker, message: Message[Any], arguments: dict[str, Any]) -> bool:
    found = named(broker.actors.get(message.actor_name), message.args, message.kwargs)
    return all(name in found and found[name] == value for name, value in arguments.items())


def _call(broker: Broker, message: Message[Any]) -> str:
    return described(broker.actors.get(message.actor_name), message)
