"""What is read of the jobs that are looked at."""

from __future__ import annotations

from collections.abc import Sequence

import dramatiq
import pytest

from osmod.jobs.broker import JobBroker
from osmod.jobs.records import walking
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import find
from osmod.jobs.records.reading import record_of
from osmod.jobs.records.record import JobRecord
from osmod.jobs.wire.queues import Queues


def test_a_number_is_not_the_beginning_of_another(broker: JobBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis tells them apart: what goes on with a digit is not read; 3.0 is 3, and may come after 31 in a message."""

    @dramatiq.actor(actor_name="addTag")
    def tag(name: str, user_id: float) -> None:
        """Nothing runs here."""

    for number in (31, 3, 30, 3.0, 333):
        tag.send(name="x", user_id=number)
    tag.send(name='"user_id":31', user_id=3)
    ids: list[str] = []

    def note(broker: Queues, queue: str, job_id: str, values: Sequence[bytes | None]) -> JobRecord | None:
        ids.append(job_id)
        return record_of(broker, queue, job_id, values)

    monkeypatch.setattr(walking, "record_of", note)
    found = find(broker, JobFilter(arguments={"user_id": 3})).jobs
    assert [3, 3.0, 3] == [job.arguments["user_id"] for job in found]
    assert ids == [job.id for job in found]
