"""Jobs that run as coroutines until a test lets them go."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import dramatiq

from osmod.jobs import JobActor, current_job
from osmod.jobs.broker import JobBroker
from osmod.jobs.records import JobRecord, get_job
from osmod.jobs.states import JobState


class Errands:
    """An async actor whose jobs wait until they are let go, each by its number."""

    def __init__(self, broker: JobBroker, **options: Any) -> None:
        self.broker = broker
        self.begun: list[int] = []
        self.cancelled: list[int] = []
        self.bad: dict[int, list[BaseException]] = {}
        self._loose: set[int] = set()
        self._everybody = False
        options = {"concurrency": 10, "max_retries": 0} | options

        @dramatiq.actor(actor_class=JobActor, **options)
        async def errand(number: int) -> None:
            self.begun.append(number)
            current_job().log(f"errand {number}")
            try:
                while not (self._everybody or number in self._loose):
                    await asyncio.sleep(0.005)
            except asyncio.CancelledError:
                self.cancelled.append(number)
                raise
            if self.bad.get(number):
                raise self.bad[number].pop(0)

        self.errand = errand

    def send(self, *numbers: int, **options: Any) -> list[str]:
        """Queue a job a number. Returns their ids."""
        messages = [self.errand.message_with_options(kwargs={"number": n}, **options) for n in numbers]
        return [message.message_id for message in self.broker.send_many(messages)]

    def let_go(self, *numbers: int) -> None:
        """Have these end; without any, all."""
        self._loose.update(numbers)
        self._everybody = self._everybody or not numbers

    def record(self, job_id: str) -> JobRecord:
        """What is known of a job."""
        found = get_job(self.broker, job_id)
        assert found is not None
        return found

    def states(self, ids: Sequence[str]) -> list[JobState]:
        """Where jobs are."""
        return [self.record(one).state for one in ids]
