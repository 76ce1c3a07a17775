"""Who is told: OSMod's own servers of every change, the systems that comments come from of every decision.

A publisher is a user that owns comments: it has a webhook (`extra.webhook`), or is of a group that somebody
registered a publisher for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from inspect import isawaitable
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
from osmod.publishers.threads import Threads

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

#: Seconds that a publisher may take.
LONGEST = 60.0

_log = logging.getLogger(__name__)
_threads = PerLoop(Threads)


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


async def told_by(owner_id: int, group: str, extra: Mapping[str, Any], news: News) -> Told:
    """What the publisher that a user is says of the news, awaited.

    One that is registered has a thread of its own in which it is made, and tells if it blocks.

    Raises:
      BadPublisherConfig: the user is none.
      NotTold: it was not acknowledged. Any other exception is taken for the same.
    """
    if extra.get("webhook") is not None:
        webhook: Any = publisher_for(owner_id, group, extra)
        return await webhook.tell(news)  # type: ignore[no-any-return]
    limit = asyncio.timeout(LONGEST)
    try:
        async with limit:
            told: Any = await _threads.get().call(owner_id, _begin, owner_id, group, extra, news)
            if isawaitable(told):
                told = await told
    except TimeoutError:
        if not limit.expired():
            raise
        if hung := _threads.get().hung(owner_id):
            _log.warning("publisher %d hangs: %d of its calls have not ended", owner_id, hung)
        sentence = f"publisher {owner_id} was not done within {LONGEST:g} seconds"
        raise NotTold(sentence, away=True) from None
    except (SystemExit, KeyboardInterrupt, asyncio.CancelledError) as error:
        if _is_cancelled():
            raise
        raise _Unusual(f"publisher {owner_id} raised {type(error).__name__}") from error
    if not isinstance(told, Told):
        raise TypeError(f"publisher {owner_id}: tell gives {type(told).__name__}, not Told")
    return told


class _Unusual(Exception):
    """A publisher raised what is meant for whoever runs it, and is none of that."""


def _begin(owner_id: int, group: str, extra: Mapping[str, Any], news: News) -> Told | Awaitable[Told]:
    try:
        return publisher_for(owner_id, group, extra).tell(news)
    except StopIteration as error:  # a future that is to pass it on is never done
        raise _Unusual(f"publisher {owner_id} raised StopIteration") from error


def _is_cancelled() -> bool:
    """Whether somebody wants the coroutine at work to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
