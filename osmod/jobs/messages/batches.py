"""Actors whose function takes the jobs that wait together, in one call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from osmod.jobs.errors import InvalidOption
from osmod.jobs.messages.bounds import check_count

P = ParamSpec("P")
T = TypeVar("T")

#: Jobs in one call at most.
LARGEST = 1_000


class Together:
    """What an actor's function really is, beside the function of one job that Dramatiq sees.

    Attributes:
      item: makes an item of one job's arguments.
      function: takes items.
    """

    def __init__(self, item: Callable[..., Any], function: Callable[[Sequence[Any]], None]) -> None:
        self.item = item
        self.function = function


def together(item: Callable[P, T]) -> Callable[[Callable[[Sequence[T]], None]], Callable[P, None]]:
    """Make a function of items one that can be an actor with the option `batch`.

    ::

        @dataclass(frozen=True)
        class Page:
            url: str

        @dramatiq.actor(actor_class=JobActor, batch=100)
        @together(Page)
        def index(pages: Sequence[Page]) -> None:
            ...

        index.send(url="https://news.example/1")

    Each is a job of its own, with its own record, retries and end. The jobs that wait in a worker process when one of
    them begins, `batch` at most with that one, run in one call. If the call raises, each runs in a call of its own, so
    that one's failure is never another's: what the function does must be undone by raising, as a transaction is.

    Parameters:
      item: a class, or whatever else makes an item of a job's arguments.
    """

    def make(function: Callable[[Sequence[T]], None]) -> Callable[P, None]:
        @wraps(function)
        def run_one(*args: P.args, **kwargs: P.kwargs) -> None:
            function([item(*args, **kwargs)])

        described: Any = run_one
        described.__signature__ = inspect.signature(item)
        described.together = Together(item, function)
        return run_one

    return make


def check_batch(actor: Any) -> None:
    """Check an actor's option `batch`.

    Raises:
      InvalidOption: it is no number of jobs, its function takes one job alone, or another option goes by single runs.
    """
    most = actor.options.get("batch")
    if most is None:
        return
    check_count("batch", most, LARGEST, "the jobs in a call")
    if not hasattr(actor.fn, "together"):
        raise InvalidOption(
            f"batch={most}: the function of actor {actor.actor_name!r} takes one job; "
            "with @together(Item) below @dramatiq.actor it takes a sequence of them"
        )
    for other in ("rate_limit", "keep_result"):
        if actor.options.get(other):
            raise InvalidOption(f"batch={most}: does not go with {other}, which is about single runs")
