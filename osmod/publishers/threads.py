"""Threads for publishers of a kind of their own: what one of them does may block, or never end."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

from osmod.publishers.contract import NotTold

T = TypeVar("T")

#: Publishers that are made, or block while they tell, at the same time in a process.
MOST = 300
#: Calls of one publisher that were given up and have not ended. With so many it is called no more until one ends:
#: no thread can be made to end, and others need some.
MOST_HUNG = 8


class Threads:
    """Those of one event loop."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(MOST, "osmod-publishers")
        self._given_up: defaultdict[int, list[Future[Any]]] = defaultdict(list)

    async def call(self, owner_id: int, function: Callable[..., T], *arguments: Any) -> T:
        """What a function of a publisher's returns. Whoever is cancelled meanwhile leaves it to its thread.

        Raises:
          NotTold: too many of this publisher's calls were left so, and have not ended.
        """
        if (hung := self.hung(owner_id)) >= MOST_HUNG:
            raise NotTold(
                f"publisher {owner_id} is not called: {hung} of its calls have not ended, and none can be made to; "
                "mend it, and start the worker again",
                away=True,
            )
        call = self._pool.submit(copy_context().run, function, *arguments)
        try:
            return await asyncio.wrap_future(call)
        finally:
            if not (call.done() or call.cancel()):
                self._given_up[owner_id].append(call)

    def hung(self, owner_id: int) -> int:
        """How many calls of a publisher were given up and have not ended."""
        left = [call for call in self._given_up.pop(owner_id, []) if not call.done()]
        if left:
            self._given_up[owner_id] = left
        return len(left)
