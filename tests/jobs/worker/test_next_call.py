"""What waits for the next call of its actor waits for no more than that: not for a pause, or the jobs of others."""

from __future__ import annotations

import threading

import dramatiq
import pytest

from osmod.jobs import steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.states import JobState
from tests.jobs.conftest import working
from tests.jobs.one_server import server as server
from tests.jobs.worker.test_batches import Library
from tests.waiting import until


@pytest.fixture
def library(broker: JobBroker) -> Library:
    """One whose calls do not end."""
    library = Library(broker)
    library.go_on.clear()
    return library


def test_it_is_begun_though_its_queue_is_paused(broker: JobBroker, library: Library) -> None:
    """The process has it already, and an idle thread begins it beside the call that takes long."""
    library.send(1)
    with working(broker, threads=8):
        assert library.reached.wait(120)
        ids = library.send(2, 3)
        until(lambda: library.states(ids) == [JobState.ACTIVE] * 2)
        steering.pause(broker, "default")
        (late,) = library.send(4)
        until(lambda: [one for call in library.calls for one in call] == [1, 2, 3])  # in one call or two
        library.go_on.set()
        until(lambda: library.states(ids) == [JobState.DONE] * 2)
        assert library.states([late]) == [JobState.WAITING]


def test_it_is_begun_amid_brisk_jobs_of_others(broker: JobBroker, library: Library) -> None:
    """They keep the one thread busy that runs what is brisk."""
    brisk = dramatiq.actor(actor_name="brisk")(lambda: None)
    over = threading.Event()

    def flow() -> None:
        while not over.wait(0.001):
            brisk.send()

    library.send(1)
    flowing = threading.Thread(target=flow)
    with working(broker, threads=4):
        assert library.reached.wait(120)
        flowing.start()
        library.send(2)
        until(lambda: library.calls == [[1], [2]])
        over.set()
        flowing.join()
        library.go_on.set()
        broker.join("default", timeout=120_000)
