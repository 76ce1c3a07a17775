"""Dramatiq's actor, which can also be sent to from asyncio, and whose coroutines can run without a thread each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, ParamSpec, TypeVar

import dramatiq

from osmod.loop import run

P = ParamSpec("P")
R = TypeVar("R")


class JobActor(dramatiq.Actor[P, R]):
    """For `@dramatiq.actor(actor_class=JobActor)`. All of ours are of it.

    An `async def` with the option `concurrency=100` runs as up to so many coroutines at once in a worker process, on
    the loop of `osmod.loop`; see docs/decisions/coroutines.md. Called as a function, it is waited for.

    Sending waits for Redis, for `send_patience` milliseconds where that is away; `send_async` waits in a thread, so
    that the event loop goes on. Whoever is cancelled while it waits does not know whether the job was queued.
    """

    def __init__(self, fn: Callable[P, Any], **parameters: Any) -> None:
        if iscoroutinefunction(fn) and "concurrency" in parameters.get("options", ()):
            fn = _waited_for(fn)
        super().__init__(fn, **parameters)

    async def send_async(self, *args: P.args, **kwargs: P.kwargs) -> dramatiq.Message[R]:
        """`send`, awaited; it fails as that does."""
        return await asyncio.to_thread(self.send, *args, **kwargs)

    async def send_with_options_async(self, **options: Any) -> dramatiq.Message[R]:
        """`send_with_options`, awaited; it fails as that does."""
        return await asyncio.to_thread(self.send_with_options, **options)


def _waited_for(function: Callable[P, Any]) -> Callable[P, Any]:
    @wraps(function)
    def run_alone(*args: P.args, **kwargs: P.kwargs) -> Any:
        return run(function(*args, **kwargs))

    described: Any = run_alone
    described.coroutine = function
    return run_alone
