"""One of many jobs kills its process, again and again: it is found after few deaths, and alone failed for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from osmod.jobs.broker import JobBroker
from osmod.jobs.records import get_job
from osmod.jobs.states import JobState
from tests.chaos import app
from tests.chaos.pools import SupervisedPool, url_of
from tests.queue_counts import queue_counts
from tests.waiting import until

pytestmark = pytest.mark.timed

LEASE = 1000


class SuspectedPool(SupervisedPool):
    """`osmod worker tests.chaos.suspected`."""

    module = "tests.chaos.suspected"


@pytest.fixture
def sender(sender: JobBroker) -> JobBroker:
    """One that knows these actors."""
    from tests.chaos import suspected

    sender.actors = suspected.broker.actors
    return sender


def _send(broker: JobBroker, actor: str, innocent: int, millis: int) -> str:
    """Queue the innocent, and behind them the deadly one, whose id this returns."""
    messages = [broker.get_actor(actor).message(f"innocent-{number}", millis) for number in range(innocent)]
    deadly = broker.get_actor(actor).message("deadly", 0)
    broker.send_many([*messages, deadly])
    return deadly.message_id


def _deaths(log: Path) -> int:
    return sum(name == "deadly" for name, *_ in app.events(log, "start"))


@pytest.mark.parametrize(
    ("actor", "innocent", "options", "at_most"),
    [("visit", 7, ("-t", "8"), 5), ("ask", 63, ("-t", "2"), 6)],
    ids=["threads", "coroutines"],
)
def test_the_deadly_one_alone_is_failed(
    sender: JobBroker,
    pools: Callable[..., SuspectedPool],
    log: Path,
    actor: str,
    innocent: int,
    options: tuple[str, ...],
    at_most: int,
) -> None:
    """All are at work at the first deaths, then fewer of them beside it; its error says how many there were."""
    deadly = _send(sender, actor, innocent, 400)
    pools(url_of(sender), log, *options, kind=SuspectedPool, lease=LEASE, company=innocent + 1)
    until(lambda: queue_counts(sender, "default").failed == 1, 120)
    until(lambda: queue_counts(sender, "default").done == innocent, 60)

    record = get_job(sender, deadly)
    assert record is not None
    assert record.state is JobState.FAILED
    assert record.error is not None
    assert _deaths(log) <= at_most
    assert record.error.message == f"the worker running this job died {_deaths(log)} times"
    assert queue_counts(sender, "default").failed == 1
    ends = Counter(name for name, *_ in app.events(log))
    assert set(ends.values()) == {1}
    assert len(ends) == innocent
