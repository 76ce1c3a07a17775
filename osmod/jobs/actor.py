"""Dramatiq's actor, which can also be sent to from asyncio."""

from __future__ import annotations

import asyncio
from typing import Any, ParamSpec, TypeVar

import dramatiq

P = ParamSpec("P")
R = TypeVar("R")


class JobActor(dramatiq.Actor[P, R]):
    """For `@dramatiq.actor(actor_class=JobActor)`. All of ours are of it.

    Sending waits for Redis, for `send_patience` milliseconds where that is away; `send_async` waits in a thread, so
    that the event loop goes on. Whoever is cancelled while it waits does not know whether the job was queued.
    """

    async def send_async(self, *args: P.args, **kwargs: P.kwargs) -> dramatiq.Message[R]:
        """`send`, awaited; it fails as that does."""
        return await asyncio.to_thread(self.send, *args, **kwargs)

    async def send_with_options_async(self, **options: Any) -> dramatiq.Message[R]:
        """`send_with_options`, awaited; it fails as that does."""
        return await asyncio.to_thread(self.send_with_options, **options)
