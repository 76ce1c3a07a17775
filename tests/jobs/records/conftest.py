"""Fixtures of the tests of records: a broker on a real server, empty."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import dramatiq
import pytest
from click.testing import CliRunner, Result
from dramatiq import Actor

import actors  # noqa: F401 - declared before any test's broker is set
from osmod.cli import main
from osmod.jobs.broker import JobBroker
from osmod.task.payload import Id, checked


@pytest.fixture
def broker(redis_url: str) -> Iterator[JobBroker]:
    """A broker as it comes, the one that actors are declared on."""
    broker = JobBroker(url=redis_url)
    broker.emit_after("process_boot")
    dramatiq.set_broker(broker)
    yield broker
    broker.close()


Run = Callable[..., Result]


@pytest.fixture
def run(broker: JobBroker) -> Run:
    """Run `osmod` with the given words on the test's queue."""
    return lambda *words: CliRunner().invoke(main, words, prog_name="osmod")


@pytest.fixture
def accept(broker: JobBroker) -> Actor[..., None]:
    """An actor whose payload is checked, as those of the project are."""

    @dramatiq.actor(actor_name="acceptComments", index=("comment_id",), max_retries=0, sensitive=("note",))
    @checked("acceptComments")
    def accept(comment_id: Id, note: str = "") -> None:
        """Nothing runs here."""

    return accept


@pytest.fixture
def actor(broker: JobBroker) -> Actor[..., None]:
    """An actor of one argument, without retries."""

    @dramatiq.actor(actor_name="acceptComments", max_retries=0)
    def accept(comment_id: int) -> None:
        """Nothing runs here."""

    return accept
