"""What hooks send at a job's end, where its own queue or Redis cannot be used."""

from __future__ import annotations

from collections.abc import Callable

import dramatiq
import pytest

from osmod.jobs.broker import JobBroker
from osmod.jobs.records import get_job
from osmod.jobs.states import JobState
from tests.jobs.conftest import working
from tests.waiting import until


@pytest.mark.timed
def test_a_queue_that_takes_nothing_holds_up_its_own_senders_alone(
    make_broker: Callable[..., JobBroker],
) -> None:
    """The callback of a job goes to a queue whose keys another program spoilt: the job waits, all others end."""
    broker = make_broker(lease=1500)
    called: list[object] = []

    @dramatiq.actor(queue_name="spoilt")
    def on_success(message: object, result: object) -> None:
        called.append(message)

    @dramatiq.actor(on_success="on_success")
    def calls() -> None:
        """Has a callback."""

    @dramatiq.actor
    def plain() -> None:
        """Has none."""

    spoilt = broker.key_base("spoilt").decode() + "meta"
    broker.client.set(spoilt, "not ours")
    waits = calls.send().message_id
    others = [plain.send().message_id for _ in range(300)]

    def states(ids: list[str]) -> set[JobState | None]:
        return {(job.state if job else None) for job in (get_job(broker, one, "default") for one in ids)}

    with working(broker):
        until(lambda: states(others) == {JobState.DONE}, 10, "all others are done")
        assert {JobState.ACTIVE} == states([waits])
        broker.client.delete(spoilt)
        until(lambda: called, 10, "its callback runs")
        until(lambda: states([waits]) == {JobState.DONE}, 10, "it is done")
    assert 1 == len(called)
