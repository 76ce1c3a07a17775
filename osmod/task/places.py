"""Places at publishers: of what a process has under way at once, one that is slow has a few, not all."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from osmod.loop import PerLoop

#: Requests to one publisher at the same time.
MOST = 8
#: And to all of them.
ALL = 300
#: Comments that wait for a place at one publisher, and at all. What comes beyond is turned away.
LINE, LINES = 100, 200
#: Seconds. Who has waited for so long is turned away: a job has its time limit.
WAITED = 60.0
#: How many of one publisher's may still wait when those that were turned away are asked to come again.
LOW = 10


class Places:
    """Those of one event loop. All that is done here is done on it."""

    def __init__(self) -> None:
        self._telling: Counter[int] = Counter()
        self._lines: defaultdict[int, deque[asyncio.Future[None]]] = defaultdict(deque)
        self._turned_away: set[int] = set()

    @asynccontextmanager
    async def at(self, owner_id: int) -> AsyncIterator[bool]:
        """A place at a publisher for the block, once there is one. False: too many wait, or for too long."""
        if not await self._enter(owner_id):
            self._turned_away.add(owner_id)
            yield False
            return
        try:
            yield True
        finally:
            self._leave(owner_id)

    def more_wait(self, owner_id: int) -> None:
        """Have whoever leaves a place hear that others were turned away."""
        self._turned_away.add(owner_id)

    def may_come_again(self, owner_id: int) -> int:
        """How many of a publisher's that were turned away may come now; whoever is told sees to that."""
        waiting = len(self._lines[owner_id])
        if owner_id not in self._turned_away or waiting > LOW:
            return 0
        self._turned_away.remove(owner_id)
        return max(MOST, min(LINE - waiting, LINES - self._waiting))

    @property
    def _waiting(self) -> int:
        return sum(map(len, self._lines.values()))

    async def _enter(self, owner_id: int) -> bool:
        if self._telling[owner_id] < MOST:
            if self._telling.total() >= ALL:
                return False
            self._telling[owner_id] += 1
            return True
        if len(self._lines[owner_id]) >= LINE or self._waiting >= LINES:
            return False
        place = asyncio.get_running_loop().create_future()
        self._lines[owner_id].append(place)
        try:
            async with asyncio.timeout(WAITED):
                await self._given(owner_id, place)
        except TimeoutError:
            return False
        return True

    async def _given(self, owner_id: int, place: asyncio.Future[None]) -> None:
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():  # it was given the place in the same moment
                self._leave(owner_id)
            elif place in self._lines[owner_id]:  # whoever left in the same moment may have passed it over
                self._lines[owner_id].remove(place)
            raise

    def _leave(self, owner_id: int) -> None:
        """Give the place to whoever has waited longest."""
        line = self._lines[owner_id]
        while line:
            waiting = line.popleft()
            if not waiting.done():
                waiting.set_result(None)
                return
        del self._lines[owner_id]
        self._telling[owner_id] -= 1
        if not self._telling[owner_id]:
            del self._telling[owner_id]


places = PerLoop(Places)
