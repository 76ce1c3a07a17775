"""Who is told: OSMod's own servers of every change, the systems that comments come from of every decision.

A publisher is a user that owns comments: it has a webhook (`extra.webhook`), or is of a group that somebody
registered a publisher for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from inspect import iscoroutinefunction
from typing import Any

from osmod.loop import PerLoop
from osmod.publishers.contract import (
    BadPublisherConfig,
    MakePublisher,
    News,
    NotTold,
    Publisher,
    PublisherGone,
    Told,
)
from osmod.publishers.registry import maker_of, register_publisher

__all__ = [
    "BadPublisherConfig",
    "MakePublisher",
    "News",
    "NotTold",
    "Publisher",
    "PublisherGone",
    "Told",
    "publisher_for",
    "register_publisher",
    "told_by",
]

#: Publishers that block while they tell, at the same time in a process.
THREADS = 32
_threads = PerLoop(lambda: ThreadPoolExecutor(THREADS, "osmod-publishers"))


def publisher_for(owner_id: int, group: str, extra: Mapping[str, Any]) -> Publisher:
    """The publisher that a user is: its webhook, or else that of its group.

    Raises:
      BadPublisherConfig: it is none.
    """
    if extra.get("webhook") is not None:
        from osmod.publishers.webhook import Webhook  # late: most processes need no httpx, which is large

        return Webhook(owner_id, extra)
    if (make := maker_of(group)) is not None:
        return make(owner_id, extra)
    raise BadPublisherConfig(
        f"publisher {owner_id}: users.extra has no webhook, and nothing is registered for its group {group!r}; "
        "set users.extra.webhook, or load the module that registers it"
    )


async def told_by(publisher: Publisher, news: News) -> Told:
    """What a publisher says of the news, awaited; one that blocks has a thread of its own meanwhile.

    Raises:
      NotTold: it was not acknowledged. Any other exception is taken for the same.
    """
    tell: Any = publisher.tell
    if not iscoroutinefunction(tell):
        loop, call = asyncio.get_running_loop(), copy_context().run
        told: Told = await loop.run_in_executor(_threads.get(), call, tell, news)
        return told
    return await tell(news)  # type: ignore[no-any-return]
