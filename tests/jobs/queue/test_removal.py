"""Whether a job that is done leaves a record: its own option says, or else the worker that ran it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dramatiq
import pytest

from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.scripts import ENQUEUE
from tests.jobs.conftest import working
from tests.redis_servers import Server

WORKERS = pytest.mark.parametrize("removing", [True, False], ids=["removing worker", "keeping worker"])


@pytest.fixture
def worker(server: Server, removing: bool) -> Iterator[JobBroker]:
    """A broker with a setting of its own, on the Redis of `broker`, which has the default one."""
    made = JobBroker(url=server.url, remove_on_complete=removing)
    yield made
    made.close()


def left(worker: JobBroker, message_id: str) -> bytes:
    """The state of a job's record once a worker is done with all jobs."""
    with working(worker):
        worker.join("default", timeout=120_000)
    state = worker.client.hget(f"dramatiq:{{default}}:job:{message_id}", "state")
    assert isinstance(state, bytes)
    assert worker.client.hget("dramatiq:{default}:meta", "done") == b"1"
    return state


@WORKERS
@pytest.mark.parametrize("sender_removes", [True, False], ids=["removing sender", "keeping sender"])
@pytest.mark.parametrize("options", [{}, {"unique": "key"}, {"remove_on_complete": None}], ids=str)
def test_the_worker_decides(
    server: Server, worker: JobBroker, removing: bool, sender_removes: bool, options: dict[str, Any]
) -> None:
    """Whatever the sender's setting is: who runs the worker sees what it did, or wants no trace of it."""
    sender = JobBroker(url=server.url, remove_on_complete=sender_removes)
    message = _noop(sender).send_with_options(**options)
    sender.close()
    _noop(worker)
    assert left(worker, message.message_id) == (b"removed" if removing else b"done")


@WORKERS
@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("place", ["actor", "message"])
def test_an_option_wins(worker: JobBroker, removing: bool, wanted: bool, place: str) -> None:
    """What stands on the message or on its actor holds, whatever the worker's setting is."""
    option: dict[str, Any] = {"remove_on_complete": wanted}
    noop = _noop(worker, **(option if place == "actor" else {}))
    message = noop.send_with_options(**(option if place == "message" else {}))
    assert left(worker, message.message_id) == (b"removed" if wanted else b"done")


@WORKERS
def test_what_an_older_sender_stored(worker: JobBroker, removing: bool) -> None:
    """It wrote its own setting into the terms where that was to remove, and nothing where it was to keep."""
    message = _noop(worker).message()
    ENQUEUE.run(
        worker.links,
        worker.key_base("default"),
        [message.message_id.encode(), message.encode(), b'0  {"remove": 1}'],
    )
    assert left(worker, message.message_id) == b"removed"


def test_what_an_older_worker_meets(broker: JobBroker) -> None:
    """It looks for `remove` alone: a job that is to be kept has none, nor has one that does not say."""
    noop = _noop(broker)
    kept = noop.send_with_options(remove_on_complete=False)
    unsaid = noop.send()
    for message, special in ((kept, b"1"), (unsaid, None)):
        key = f"dramatiq:{{default}}:job:{message.message_id}"
        assert [None, special] == broker.client.hmget(key, "remove", "special")


def _noop(broker: JobBroker, **options: Any) -> dramatiq.Actor[[], None]:
    return dramatiq.actor(broker=broker, actor_name="noop", **options)(lambda: None)
