"""Calls made at the same time by several threads, gathered into one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class _Call(Generic[T, R]):
    def __init__(self, items: Sequence[T]) -> None:
        self.items = items
        self.results: Sequence[R] | None = None


class Batcher(Generic[T, R]):
    """Makes one call to `function` (items → as many results, in order) of many calls at the same time.

    Nobody waits for company: a lone caller's call begins at once, and whoever comes while one runs is part
    of the next one. `function` never runs twice at a time. Where it raises for several callers, it is asked for
    each alone, so that what it raises reaches those whose items it cannot serve.
    """

    def __init__(self, function: Callable[[Sequence[T]], Sequence[R]]) -> None:
        self._function = function
        self.forget()

    def forget(self) -> None:
        """Start anew, as a forked process must: the threads that held the locks are not there."""
        self._waiting: list[_Call[T, R]] = []
        self._guard = threading.Lock()
        self._turn = threading.Lock()

    def __call__(self, items: Sequence[T]) -> Sequence[R]:
        """The results for `items`, in their order."""
        mine: _Call[T, R] = _Call(items)
        with self._guard:
            self._waiting.append(mine)
        try:
            with self._turn:
                if mine.results is None:
                    self._run(mine)
        finally:
            with self._guard:
                if mine in self._waiting:
                    self._waiting.remove(mine)
        assert mine.results is not None
        return mine.results

    def _run(self, mine: _Call[T, R]) -> None:
        with self._guard:
            calls = list(self._waiting)
        try:
            results = self._function([item for call in calls for item in call.items])
        except Exception:
            if len(calls) == 1:
                raise
            calls, results = [mine], self._function(mine.items)
        first = 0
        for call in calls:
            last = first + len(call.items)
            call.results, first = results[first:last], last
        with self._guard:
            self._waiting = [call for call in self._waiting if call.results is None]
