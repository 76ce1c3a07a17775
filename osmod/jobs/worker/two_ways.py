"""How a worker's jobs run: in one of its threads, or as a coroutine."""

from __future__ import annotations

from collections.abc import Callable, Sized
from functools import partial
from typing import TYPE_CHECKING, Any

from dramatiq import Broker, MessageProxy
from dramatiq.middleware import Interrupt

from osmod.jobs.queue.interrupts import interrupt, interruptible
from osmod.jobs.worker.batches import in_batches, most_together
from osmod.jobs.worker.coroutines import Coroutines, in_coroutines
from osmod.jobs.worker.workqueue import WorkQueue

if TYPE_CHECKING:
    from dramatiq.worker import _WorkQueueItem


class TwoWays(WorkQueue):
    """A work queue that passes on those jobs that run as coroutines.

    Attributes:
      coroutines: where those are.
    """

    def __init__(self, threads: int, served: Sized, broker: Broker) -> None:
        super().__init__(threads, served, partial(most_together, broker))
        self.coroutines = Coroutines(broker, self._coroutine_ended, self.put_back)

    def put(self, item: _WorkQueueItem) -> None:
        """Add a job."""
        with self._lock:
            passed_on = not self._closing and self.coroutines.put(item)
            self.unfinished_tasks += passed_on
        if not passed_on:
            super().put(item)

    def drain(self) -> list[_WorkQueueItem]:
        """Take out all jobs that have not begun. From now on idle threads look up often, and no coroutine begins."""
        in_line = super().drain()
        with self._lock:
            items = self.coroutines.take_all()
            self._forget(len(items))
        return in_line + items

    def interrupt(self, error: type[Interrupt]) -> None:
        """Raise an error in every job that runs, inside the actor alone."""
        for thread in self.busy_threads():
            interrupt(thread, error)
        self.coroutines.stop(error)

    def take_back(self, queue_name: str, most: int) -> list[MessageProxy]:
        """Take out up to `most` jobs of a queue that have not begun, those whose turn is last."""
        with self._lock:
            items = self.coroutines.take_back(queue_name, most)
            self._forget(len(items))
        messages = [item.message for item in items]
        return messages + super().take_back(queue_name, most - len(items)) if len(items) < most else messages

    def qsize(self) -> int:
        """Jobs that have not begun."""
        return super().qsize() + self.coroutines.waiting

    def is_busy(self) -> bool:
        """Whether any job runs, or ends."""
        return bool(self.busy_threads() or self.coroutines.unfinished)

    def _coroutine_ended(self) -> None:
        with self._lock:
            self._forget(1)


def as_run_here(function: Callable[..., Any]) -> Callable[..., Any]:
    """An actor's function as this worker's threads call it: for a job, for several, or for the end of one."""
    return interruptible(in_coroutines(in_batches(function)))
