"""The jobs that wait for a thread of this process, in their order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from heapq import heapify, heappush
from itertools import chain, count
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from dramatiq import MessageProxy

from osmod.jobs.errors import InvalidOption
from osmod.jobs.messages.options import parse_priority

if TYPE_CHECKING:
    from dramatiq.worker import _WorkQueueItem

#: Priority, turn, number of arrival, and the job.
Entry = tuple[int, int, int, "_WorkQueueItem"]
_in_order = itemgetter(0, 1, 2)


class Line:
    """By priority, then in turns between queues, then as they came. Whoever uses it sees to it that one thread does.

    Attributes:
      waiting: a heap of the jobs that may be given out.
      turn: that of the job given out last; jobs of its queue come after those of queues whose turn it is.
    """

    def __init__(self) -> None:
        self.waiting: list[Entry] = []
        self._held_back: dict[str, list[Entry]] = defaultdict(list)
        self._turns: dict[str, int] = {}
        self.turn = 0
        self._arrivals = count()

    def __len__(self) -> int:
        return len(self.waiting) + sum(map(len, self._held_back.values()))

    def put(self, item: _WorkQueueItem) -> None:
        """Add a job."""
        own = item.message.options.get("priority")
        priority = item.priority if own is None else _own_priority(own, item.priority)
        queue_name = item.message.queue_name
        turn = self._turns[queue_name] = max(self._turns.get(queue_name, 0) + 1, self.turn)
        heappush(self.waiting, (priority, turn, next(self._arrivals), item))

    def hold_back(self, entry: Entry) -> None:
        """Not to be given out until `let_in` is called for its queue."""
        self._held_back[entry[3].message.queue_name].append(entry)

    def let_in(self, queue_name: str) -> None:
        """A thread is free for what was held back of a queue."""
        if self._held_back:
            for entry in self._held_back.pop(queue_name, ()):
                heappush(self.waiting, entry)

    def take_first(self, most: int, meant: Callable[[MessageProxy], bool]) -> list[_WorkQueueItem]:
        """Take out up to `most` of the jobs meant, those whose turn is first."""
        found = sorted((entry for entry in self.waiting if meant(entry[3].message)), key=_in_order)
        return self._take_out(found[:most])

    def take_last(self, queue_name: str, most: int) -> list[_WorkQueueItem]:
        """Take out up to `most` jobs of a queue, those whose turn is last."""
        self.waiting += self._held_back.pop(queue_name, ())
        found = sorted(
            (entry for entry in self.waiting if entry[3].message.queue_name == queue_name), key=_in_order
        )
        return self._take_out(found[-most:])

    def take_all(self) -> list[_WorkQueueItem]:
        """Take out all, in order."""
        entries = sorted(chain(self.waiting, *self._held_back.values()), key=_in_order)
        self.waiting.clear()
        self._held_back.clear()
        return [entry[3] for entry in entries]

    def _take_out(self, entries: list[Entry]) -> list[_WorkQueueItem]:
        out = {entry[2] for entry in entries}
        self.waiting = [entry for entry in self.waiting if entry[2] not in out]
        heapify(self.waiting)
        return [entry[3] for entry in entries]


def _own_priority(value: Any, default: int) -> int:
    try:
        return parse_priority(value)
    except InvalidOption:
        return default  # Put into Redis by something else than this broker, which would have refused it.
