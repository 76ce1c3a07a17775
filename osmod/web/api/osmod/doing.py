"""What OSMod's routes have in common: a call becomes jobs of one task, queued, or run before the answer."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import dramatiq
from dramatiq.errors import BrokerConnectionError
from fastapi import Request

from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.sending import SEND_BATCH
from osmod.moderation.database import open_session
from osmod.moderation.delivery import settle
from osmod.moderation.work import Work, transact
from osmod.task import get_engine, run_at_once

_log = logging.getLogger(__name__)

#: OSMod's answer to everything that went well.
SUCCESS = {"status": "success"}


def do(
    request: Request, task: str, jobs: Sequence[dict[str, Any]], *, at_once: bool = False
) -> dict[str, str]:
    """Have a task do some jobs: all of them, or none if one is refused. OSMod's answer is returned.

    They are queued, and refused only for what can be seen of their arguments; `at_once`, and with
    `WORKER_RUN_IMMEDIATELY`, they are done before the answer.

    Parameters:
      jobs: the arguments of each, by OSMod's names.

    Raises:
      Refused: one of them cannot be done.
      JobNotQueued: Redis was away for too long.
    """
    broker = dramatiq.get_broker()
    actor: dramatiq.Actor[..., Any] = broker.get_actor(task)
    if at_once or request.app.state.settings.run_immediately or not isinstance(broker, JobBroker):
        run_at_once(actor, jobs)
        return SUCCESS
    payload = payload_of(actor)
    for job in jobs:
        payload.read((), job)
    named = [payload.by_own_names(job) for job in jobs]
    if len(jobs) > SEND_BATCH:
        _owe(broker, actor, named)
    else:
        broker.send_many([actor.message_with_options(kwargs=job) for job in named])
    return SUCCESS


def _owe(broker: JobBroker, actor: dramatiq.Actor[..., Any], jobs: Sequence[dict[str, Any]]) -> None:
    """Queue more than one call to Redis holds, all or none though it go away between two: what it did not take waits
    in the outbox, and is the same job however often it is queued.
    """

    def owe(work: Work) -> None:
        for job in jobs:
            work.enqueue(actor.actor_name, **job)

    owed = transact(get_engine(), owe).owed
    try:
        broker.send_many([actor.message(**job.arguments).copy(message_id=job.message_id) for job in owed])
    except BrokerConnectionError as error:
        _log.warning("%d jobs wait in the outbox, if not in the queue: %s", len(owed), error)
        return
    with open_session(get_engine()) as session:
        settle(session, owed)
        session.commit()


def payload_of(actor: dramatiq.Actor[..., Any]) -> Any:
    """What an actor's jobs are checked by; None for one that is no task of OSMod's kind."""
    return getattr(actor.fn, "payload", None)
