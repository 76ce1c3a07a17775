"""`@task`: a Dramatiq actor made of a function on a `Work`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

import dramatiq

from osmod.moderation.work import Work
from osmod.task.committing import commit, current_delivery
from osmod.task.payload import Payload
from osmod.task.retries import DATABASE_RETRIES

P = ParamSpec("P")


def task(
    wire_name: str, **options: Any
) -> Callable[[Callable[Concatenate[Work, P], None]], dramatiq.Actor[P, None]]:
    """Make an actor of a function on a `Work`: one transaction, once a message.

    `options` are the actor's (`priority`, `time_limit` in milliseconds, …); its retries are
    `DATABASE_RETRIES` unless given. Arguments named in `sensitive=("text",)` are shown nowhere: not in logs, lists
    and records of jobs, nor in errors.
    """

    def make(function: Callable[Concatenate[Work, P], None]) -> dramatiq.Actor[P, None]:
        payload = Payload(wire_name, function, skip=1, sensitive=options.get("sensitive", ()))

        @wraps(function)
        def run(*args: Any, **kwargs: Any) -> None:
            arguments = payload.read(args, kwargs)
            commit(lambda work: function(work, **arguments), current_delivery(wire_name))  # type: ignore[call-arg]

        payload.describe(run)
        run.effect = function  # type: ignore[attr-defined]
        return dramatiq.actor(run, actor_name=wire_name, **(DATABASE_RETRIES | payload.found_by() | options))  # type: ignore[call-overload, no-any-return]

    return make
