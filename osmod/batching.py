"""Questions asked at the same time, gathered into one request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from copy import copy
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from osmod.loop import PerLoop

T = TypeVar("T")
R = TypeVar("R")


@dataclass
class _Line(Generic[T, R]):
    """Those who wait, and whoever serves them, if somebody does."""

    waiting: list[tuple[T, asyncio.Future[R]]] = field(default_factory=list)
    serving: asyncio.Task[None] | None = None
    #: A call that takes long, beside which the next ones run.
    late: asyncio.Task[bool] | None = None


class Batcher(Generic[T, R]):
    """Makes one call to `function` (items → as many results, in order) of many at the same time.

    Nobody waits for company: a lone caller's call begins at once, and whoever comes while one runs is part of the next
    one. One call runs at a time. Where `function` raises `divisible` for several, it is asked for each half alone, so
    that what it raises reaches those alone whom it cannot serve; if it serves both halves, they were too many
    together, and are fewer from now on. Any other error is everybody's. `function` runs in a context of its own: it is
    the call of no one job.

    Parameters:
      most: items in one call.
      patience: seconds after which the next calls no longer wait for one, as it may wait for what others do not need;
        of two that take longer they wait for the first.
    """

    def __init__(
        self,
        function: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        *,
        most: int,
        divisible: type[Exception] | tuple[()] = (),
        patience: float | None = None,
    ) -> None:
        self._function = function
        self._most = most
        self._divisible = divisible
        self._patience = patience
        self._lines: PerLoop[_Line[T, R]] = PerLoop(_Line)

    async def __call__(self, item: T) -> R:
        """The result for one item."""
        line = self._lines.get()
        result: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        line.waiting.append((item, result))
        if line.serving is None:
            line.serving = asyncio.create_task(self._serve(line), context=Context())
        return await result

    async def _serve(self, line: _Line[T, R]) -> None:
        try:
            while line.waiting:
                calls, line.waiting = line.waiting[: self._most], line.waiting[self._most :]
                await self._serve_some(line, [call for call in calls if not call[1].done()])
        finally:
            line.serving = None

    async def _serve_some(self, line: _Line[T, R], calls: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        if self._patience is None:
            await self._call(calls)
            return
        call = asyncio.create_task(self._call(calls))
        await asyncio.wait({call}, timeout=self._patience)
        if not call.done():
            if line.late is not None:
                await asyncio.wait({call, line.late}, return_when=asyncio.FIRST_COMPLETED)
            if line.late is None or line.late.done():
                line.late = call

    async def _call(self, calls: Sequence[tuple[T, asyncio.Future[R]]]) -> bool:
        """Serve these. Returns whether all of them got a result."""
        if not calls:
            return True
        try:
            results = await self._function([item for item, _ in calls])
        except Exception as error:  # noqa: BLE001  (whoever asked is told)
            if len(calls) > 1 and isinstance(error, self._divisible):
                return await self._halves(calls)
            for _, waiting in calls:
                if not waiting.done():  # whoever asked may have gone
                    waiting.set_exception(copy(error))  # each notes in its own what its job is to keep
            return False
        for (_, waiting), result in zip(calls, results, strict=True):
            if not waiting.done():
                waiting.set_result(result)
        return True

    async def _halves(self, calls: Sequence[tuple[T, asyncio.Future[R]]]) -> bool:
        middle = (len(calls) + 1) // 2
        first, second = await self._call(calls[:middle]), await self._call(calls[middle:])
        if first and second:
            self._most = min(self._most, middle)
        return first and second
