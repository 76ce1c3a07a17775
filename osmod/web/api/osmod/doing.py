"""What OSMod's routes have in common: a call becomes jobs of one task, queued, or run before the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dramatiq
from fastapi import Request

from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.sending import SEND_BATCH
from osmod.moderation.work import Work
from osmod.task import commit, run_at_once

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
        # More than one call to Redis holds: by way of the outbox it is all or none, though Redis go away between two.
        commit(lambda work: _owe(work, task, named))
    else:
        broker.send_many([actor.message_with_options(kwargs=job) for job in named])
    return SUCCESS


def _owe(work: Work, task: str, jobs: Sequence[dict[str, Any]]) -> None:
    for job in jobs:
        work.enqueue(task, **job)


def payload_of(actor: dramatiq.Actor[..., Any]) -> Any:
    """What an actor's jobs are checked by; None for one that is no task of OSMod's kind."""
    return getattr(actor.fn, "payload", None)
