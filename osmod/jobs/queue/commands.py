"""Dramatiq's way to end single jobs, as its broker has it."""

from __future__ import annotations

from typing import Protocol


class Commands(Protocol):
    """Dramatiq's commands on single jobs, which users know to wrap."""

    def do_ack(self, queue_name: str, message_id: str) -> None:
        """Tell Redis that a job is done.

        Raises:
          dramatiq.errors.ConnectionClosed: Redis is away.
        """

    def do_nack(self, queue_name: str, message_id: str) -> None:
        """Tell Redis that a job has failed.

        Raises:
          dramatiq.errors.ConnectionClosed: Redis is away.
        """
