"""Where Dramatiq keeps delayed messages, and we keep none."""

from __future__ import annotations

from queue import Empty
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dramatiq.worker import _WorkQueueItem


class NoDelays:
    """Takes the place of the queue of delayed messages that Dramatiq keeps in each consumer thread.

    Delayed jobs wait in Redis; a consumer thread looks into this after every job all the same.
    """

    unfinished_tasks = 0

    def get_nowait(self) -> _WorkQueueItem:
        """There is never one."""
        raise Empty

    def join(self) -> None:
        """There is nothing to wait for."""
