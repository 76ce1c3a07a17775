"""A server at `maxmemory` refuses what could grow memory; what it holds is worked off all the same."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import dramatiq
import pytest

from osmod.jobs import current_job, steering
from osmod.jobs.errors import JobNotQueued
from osmod.jobs.queue import presence
from osmod.jobs.queue.scripts import EXCHANGE
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.reading import get_job
from osmod.jobs.schedules import every
from osmod.jobs.schedules.store import Answer, Claim, Store
from osmod.jobs.states import JobState
from osmod.jobs.steering.invariants import check
from osmod.jobs.wire.links import Links
from osmod.jobs.wire.moving_routes import route_of
from tests.jobs.brokers import boot, impatient
from tests.jobs.conftest import working
from tests.queue_counts import QueueCounts, queue_counts
from tests.redis_servers import Server, binaries
from tests.waiting import until

LEASE = 1000


@pytest.mark.parametrize("kind", binaries())
@pytest.mark.timed
def test_a_full_server_can_be_drained_to_its_end(own_server: Callable[..., Server], kind: str) -> None:
    """Retries, rates, jobs longer than a lease, callbacks, a dead worker's job: each runs as often as it should."""
    server = own_server(kind=kind)
    broker = boot(server.url, lease=LEASE)
    ran: Counter[str] = Counter()

    @dramatiq.actor(attempts=3, backoff=20)
    def fails_once(name: str) -> None:
        ran[name] += 1
        if ran[name] == 1:
            raise RuntimeError("as told")

    @dramatiq.actor(rate_limit="5/second")
    def limited(name: str) -> None:
        ran[name] += 1

    @dramatiq.actor
    def longer_than_its_lease(name: str) -> None:
        ran[name] += 1
        current_job().progress(1, 2)
        threading.Event().wait(2.5 * LEASE / 1000)

    @dramatiq.actor
    def called_back(message: object, result: object) -> None:
        ran["callback"] += 1

    @dramatiq.actor
    def note(name: str) -> None:
        ran[name] += 1

    suspect = note.send("suspect")
    base = broker.key_base("default")
    EXCHANGE.run(broker.links, base, [b"1", *broker.custody.terms[1:], b"dead:1", b"1"])
    for number in range(5):
        fails_once.send(f"fails {number}")
    for number in range(8):
        limited.send(f"limited {number}")
    long = [longer_than_its_lease.send(f"long {number}") for number in range(2)]
    for number in range(3):
        note.send_with_options(args=(f"calls {number}",), on_success=called_back)
    server.client.config_set("maxmemory", "1")
    with impatient(broker), pytest.raises(JobNotQueued):
        note.send("refused")
    with working(broker, threads=6):
        until(lambda: ran["long 1"])
        until(lambda: (record := get_job(broker, long[1].message_id)) and record.progress)
        until(lambda: len(presence.workers(broker)) == 1, 10, "signs of life are given")
        broker.join("default", timeout=120_000)

    assert {
        "fails 0": 2,
        "limited 7": 1,
        "long 0": 1,
        "long 1": 1,
        "calls 2": 1,
        "callback": 3,
        "suspect": 1,
    } == {
        name: ran[name]
        for name in ("fails 0", "limited 7", "long 0", "long 1", "calls 2", "callback", "suspect")
    }
    assert QueueCounts(0, 0, 0, 5 + 8 + 2 + 3 + 3 + 1, 0, 0, False) == queue_counts(broker, "default")
    assert (JobState.DONE, []) == (get_job(broker, suspect.message_id).state, check(broker))  # type: ignore[union-attr]
    broker.close()


@pytest.mark.parametrize("kind", binaries())
def test_a_full_server_can_be_steered(own_server: Callable[..., Server], kind: str) -> None:
    """Pause, resume, cancel (running, too), retry, promote, priority, delete: all work where a send is refused."""
    server = own_server(kind=kind)
    broker = boot(server.url, lease=LEASE)
    began, ended = threading.Event(), threading.Event()

    @dramatiq.actor
    def note() -> None:
        return

    @dramatiq.actor
    def until_stopped() -> None:
        began.set()
        try:
            while True:
                ended.wait(0.01)
        finally:
            ended.set()

    one, two, three, four = (note.send() for _ in range(4))
    later = note.send_with_options(delay=3_600_000)
    running = until_stopped.send()
    server.client.config_set("maxmemory", "1")

    assert steering.pause(broker, "default")
    assert steering.resume(broker, "default")
    assert 1 == steering.cancel(broker, JobFilter(ids=(one.message_id,))).cancelled
    assert 1 == steering.cancel(broker, JobFilter(ids=(two.message_id,))).cancelled
    assert 1 == steering.retry(broker, JobFilter(ids=(one.message_id,)))
    assert 1 == steering.prioritise(broker, JobFilter(ids=(three.message_id,)), "high")
    assert 1 == steering.promote(broker, JobFilter(ids=(later.message_id,)))
    assert 1 == steering.delete(broker, JobFilter(ids=(four.message_id,)))
    with working(broker):
        assert began.wait(120)
        assert 1 == steering.cancel(broker, JobFilter(ids=(running.message_id,))).interrupting
        broker.join("default", timeout=120_000)
        assert ended.is_set()

    assert QueueCounts(0, 0, 0, 3, 0, 2, False) == queue_counts(broker, "default")
    broker.close()


@pytest.mark.parametrize("kind", binaries())
def test_scheduled_runs_end_on_a_full_server(own_server: Callable[..., Server], kind: str) -> None:
    """A run that was sent is settled, begun and finished; schedules are known, paused and resumed."""
    server = own_server(kind=kind)
    links = Links(route_of(server.client))
    store = Store(links, "dramatiq", lease=timedelta(seconds=5), outstanding_limit=timedelta(hours=1))
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    schedule = every("1 hour")
    claim = Claim("hourly", schedule, noon, "scheduler", noon, "run-1")
    assert [] == store.register({"hourly": schedule}, noon)
    assert Answer.CLAIMED == store.claim(claim)[0]
    server.client.config_set("maxmemory", "1")

    assert ["hourly"] == store.register({"daily": every("1 day")}, noon)
    assert ["daily"] == store.register({"hourly": schedule}, noon)
    server.client.config_set("maxmemory", "0")
    assert Answer.CLAIMED == store.claim(claim)[0]
    server.client.config_set("maxmemory", "1")
    store.settle(claim)
    assert store.begin("hourly", "run-1", noon)
    store.finish("hourly", "run-1", noon, outcome="done", duration=timedelta(seconds=1), error="", final=True)
    store.set_paused("hourly", True, noon)
    record = store.read("hourly")
    assert ("done", "1", None) == (record["outcome"], record["paused"], record.get("outstanding"))
    store.set_paused("hourly", False, noon)
    assert "0" == store.read("hourly")["paused"]
    links.close()
