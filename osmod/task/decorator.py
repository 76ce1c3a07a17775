"""`@task`: a Dramatiq actor made of a function on a `Work`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

import dramatiq

from osmod.jobs.actor import JobActor
from osmod.moderation.work import Work
from osmod.task.committing import commit, current_delivery
from osmod.task.payload import Payload
from osmod.task.retries import DATABASE_RETRIES

P = ParamSpec("P")


def task(
    wire_name: str, **options: Any
) -> Callable[[Callable[Concatenate[Work, P], None]], JobActor[P, None]]:
    """Make an actor of a function on a `Work`: one transaction, once a message.

    `options` are the actor's (`priority`, `time_limit` in milliseconds, …); its retries are
    `DATABASE_RETRIES` unless given. Arguments named in `sensitive=("text",)` are shown nowhere: not in logs, lists
    and records of jobs, nor in errors.
    """

    def make(function: Callable[Concatenate[Work, P], None]) -> JobActor[P, None]:
        payload = Payload(wire_name, function, skip=1, sensitive=options.get("sensitive", ()))

        @wraps(function)
        def run(*args: Any, **kwargs: Any) -> None:
            arguments = payload.read(args, kwargs)
            commit(lambda work: function(work, **arguments), current_delivery(wire_name))  # type: ignore[call-arg]

        payload.describe(run)
        run.effect = function  # type: ignore[attr-defined]
        options_of_all = DATABASE_RETRIES | payload.found_by() | options
        return dramatiq.actor(run, actor_class=JobActor, actor_name=wire_name, **options_of_all)  # type: ignore[call-overload, no-any-return]

    return make
