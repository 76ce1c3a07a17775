"""How many jobs there are by state, queue and actor, beside a search."""

from __future__ import annotations

import dramatiq
import pytest
from dramatiq import Actor

from osmod.jobs.broker import JobBroker
from osmod.jobs.records import facets as module
from osmod.jobs.records.facets import Tally, facets
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.states import JobState
from tests.jobs.records.taking import end


@pytest.fixture
def tag(broker: JobBroker) -> Actor[..., None]:
    """An actor in another queue."""

    @dramatiq.actor(actor_name="addTag", queue_name="tags")
    def tag(name: str) -> None:
        """Nothing runs here."""

    return tag


def test_by_state_queue_and_actor(broker: JobBroker, accept: Actor[..., None], tag: Actor[..., None]) -> None:
    """Each counts within what is chosen of the other two, so that one sees what a further choice leaves."""
    for number in range(3):
        accept.send(number)
    tag.send("spam")
    end(broker, 1, ValueError("no"))

    everything = facets(broker)
    failed = facets(broker, JobFilter(states=(JobState.FAILED,)))
    tags = facets(broker, JobFilter(queue="tags"))
    accepting = facets(broker, JobFilter(actor="acceptComments"))

    assert (Tally(3), Tally(1)) == (everything.states[JobState.WAITING], everything.states[JobState.FAILED])
    assert (Tally(3), Tally(1)) == (everything.queues["default"], everything.queues["tags"])
    assert {"acceptComments": Tally(3), "addTag": Tally(1)} == everything.actors
    assert {"acceptComments": Tally(1)} == failed.actors
    assert (Tally(1), Tally(0)) == (failed.queues["default"], failed.queues["tags"])
    assert {"addTag": Tally(1)} == tags.actors
    assert Tally(1) == tags.states[JobState.WAITING]
    assert Tally(2) == accepting.states[JobState.WAITING]


def test_beyond_what_is_looked_at_there_are_more(
    broker: JobBroker, accept: Actor[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest of an actor are counted, and it is said that there are more; of one asked for, many more."""
    monkeypatch.setattr(module, "EACH", 5)
    for number in range(7):
        accept.send(number)

    assert {"acceptComments": Tally(5, more=True)} == facets(broker).actors
    assert {"acceptComments": Tally(7)} == facets(broker, JobFilter(actor="acceptComments")).actors


def test_jobs_that_are_gone_are_no_more(
    broker: JobBroker, accept: Actor[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the index of their actor has them still: "0+" would stand beside a queue that is empty."""
    monkeypatch.setattr(module, "EACH", 2)
    for number in range(5):
        accept.send_with_options(args=(number,), remove_on_complete=True)
    end(broker, 5)
    assert {} == facets(broker).actors
    accept.send(6)
    assert {"acceptComments": Tally(1)} == facets(broker).actors
