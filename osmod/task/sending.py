"""Queueing several jobs; where there is no queue, they run here and now, each though another fails."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import dramatiq

from osmod.batching import Batcher
from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import JobNotQueued
from osmod.jobs.middleware.current import job_at_work
from osmod.loop import in_common
from osmod.moderation.work import Owed
from osmod.scorers import BadScorerConfig, ScorerError
from osmod.task.owing import keep_owed

#: Jobs of coroutines that are queued with one call.
TOGETHER = 100


def send_all(messages: Iterable[dramatiq.Message[Any]]) -> None:
    """Queue jobs, with one call.

    Raises:
      JobNotQueued: Redis was away for too long; to send all of them again is safe.
      ScorerError, BadScorerConfig: they ran here, and one failed; the others have run.
    """
    broker = dramatiq.get_broker()
    if isinstance(broker, JobBroker):
        broker.send_many(messages)
        return
    failures: list[ScorerError | BadScorerConfig] = []
    for message in messages:
        try:
            broker.enqueue(message)
        except (ScorerError, BadScorerConfig) as error:
            failures.append(error)
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise ScorerError("; ".join(map(str, failures)))


async def send_all_soon(messages: Iterable[dramatiq.Message[Any]]) -> None:
    """The same, awaited."""
    await to_thread(send_all, messages)


async def send_soon(message: dramatiq.Message[Any], after: timedelta) -> None:
    """Queue a job, awaited, that is due after so long.

    Raises:
      JobNotQueued: Redis was away for too long.
    """
    await to_thread(dramatiq.get_broker().enqueue, message, delay=round(after.total_seconds() * 1_000))


async def send_or_owe(message: dramatiq.Message[Any]) -> None:
    """Queue a job, awaited; of several at the same time with one call. What Redis does not take is owed to the queue.

    Raises:
      Exception: it can neither be queued nor be owed, or ran here, where there is no queue, and failed.
    """
    if job := job_at_work():  # whoever makes the call does not know who sends
        message.options.setdefault("parent", job.id)
    if (error := await _send(message)) is not None:
        raise error


async def _send_all(messages: Sequence[dramatiq.Message[Any]]) -> list[Exception | None]:
    return await in_common(_send_or_owe, messages)


_send: Batcher[dramatiq.Message[Any], Exception | None] = Batcher(_send_all, most=TOGETHER)


def _send_or_owe(messages: Sequence[dramatiq.Message[Any]]) -> list[Exception | None]:
    """Of each, why it is neither queued nor owed."""
    broker = dramatiq.get_broker()
    if isinstance(broker, JobBroker) and len(messages) > 1:
        try:
            broker.send_many(messages)
        except JobNotQueued:
            return [_owe(message) for message in messages]
        except Exception:  # noqa: BLE001 - each meets it again by itself, if it is its own
            return [_send_one(broker, message) for message in messages]
        return [None] * len(messages)
    return [_send_one(broker, message) for message in messages]


def _send_one(broker: dramatiq.Broker, message: dramatiq.Message[Any]) -> Exception | None:
    try:
        broker.enqueue(message)
    except JobNotQueued:
        return _owe(message)
    except Exception as error:  # noqa: BLE001 - whoever sends it is told
        return error
    return None


def _owe(message: dramatiq.Message[Any]) -> Exception | None:
    try:
        keep_owed(Owed(message.message_id, message.actor_name, message.kwargs))
    except Exception as error:  # noqa: BLE001 - whoever sends it is told
        return error
    return None
