"""`@task`: a Dramatiq actor made of a function on a `Work`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, get_args, get_type_hints

import dramatiq

from osmod.jobs.actor import JobActor
from osmod.jobs.messages.batches import together
from osmod.moderation.lookups import lock_comments
from osmod.moderation.work import Work
from osmod.task.committing import commit, current_deliveries
from osmod.task.payload import Payload
from osmod.task.retries import DATABASE_RETRIES

P = ParamSpec("P")
T = TypeVar("T")


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
            commit(lambda work: function(work, **arguments), *current_deliveries(wire_name))  # type: ignore[call-arg]

        payload.describe(run)
        run.effect = _one_by_one(function)  # type: ignore[attr-defined]
        return _actor(run, wire_name, payload, options)

    return make


def batch_task(
    wire_name: str, *, batch: int, **options: Any
) -> Callable[[Callable[[Work, Sequence[T]], None]], JobActor[..., None]]:
    """Make an actor of a function on a `Work` and the items of several jobs: one transaction for `batch` at most.

    The second parameter is annotated with what an item is, `Sequence[Answer]`: a dataclass whose fields are the
    arguments of a job. If the function raises, the transaction is rolled back, and each job has one of its own.
    What `task` says of options holds.
    """

    def make(function: Callable[[Work, Sequence[T]], None]) -> JobActor[..., None]:
        item = _item_of(function)

        @wraps(function)
        def of_all(items: Sequence[T]) -> None:
            commit(lambda work: function(work, items), *current_deliveries(wire_name))

        payload, run = _checked(wire_name, item, of_all, options)
        run.effect = lambda work, payloads: function(  # type: ignore[attr-defined]
            work, [item(**payload) for payload in payloads]
        )
        return _actor(run, wire_name, payload, {"batch": batch, **options})

    return make


def checked_batch(
    wire_name: str, **options: Any
) -> Callable[[Callable[[Sequence[T]], None]], Callable[..., None]]:
    """Make a function of the items of several jobs one for an actor with `batch`, as `together` does.

    Its parameter is annotated with what an item is, as in `batch_task`; the arguments of each job are checked.
    """

    def make(function: Callable[[Sequence[T]], None]) -> Callable[..., None]:
        return _checked(wire_name, _item_of(function), function, options)[1]

    return make


def _checked(
    wire_name: str, item: type[T], function: Callable[[Sequence[T]], None], options: dict[str, Any]
) -> tuple[Payload, Callable[..., None]]:
    payload = Payload(wire_name, item, skip=0, sensitive=options.get("sensitive", ()))
    run = together(lambda *args, **kwargs: item(**payload.read(args, kwargs)))(function)
    payload.describe(run)
    return payload, run


def _one_by_one(function: Callable[..., None]) -> Callable[[Work, Sequence[dict[str, Any]]], None]:
    """What several jobs do in one transaction, in their order."""

    def effect(work: Work, payloads: Sequence[dict[str, Any]]) -> None:
        if len(payloads) > 1:
            lock_comments(work.session, (one["comment_id"] for one in payloads if "comment_id" in one))
        for payload in payloads:
            function(work, **payload)

    return effect


def _item_of(function: Callable[..., None]) -> type[Any]:
    *_, annotation = (kind for name, kind in get_type_hints(function).items() if name != "return")
    return get_args(annotation)[0]  # type: ignore[no-any-return]


def _actor(
    run: Callable[..., None], wire_name: str, payload: Payload, options: dict[str, Any]
) -> JobActor[Any, None]:
    options_of_all = DATABASE_RETRIES | payload.found_by() | options
    return dramatiq.actor(run, actor_class=JobActor, actor_name=wire_name, **options_of_all)  # type: ignore[call-overload, no-any-return]
