"""A Redis Cluster of three masters with a replica each: queues in their slots, and nothing lost when these move."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import dramatiq
import pytest
from dramatiq import Worker
from redis.crc import key_slot

from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import JobNotQueued
from osmod.jobs.events import events
from osmod.jobs.gate import Gate, GateLimits
from osmod.jobs.middleware.ratelimit import RateLimit
from osmod.jobs.queue import presence
from osmod.jobs.schedules import every
from osmod.jobs.schedules.store import Answer, Claim, Store
from osmod.jobs.steering.invariants import check
from osmod.jobs.wire.connection import client_from_url
from osmod.jobs.wire.links import Links
from osmod.jobs.wire.moving_routes import route_of
from tests.chaos.counting import in_a_moment
from tests.chaos.load import Accepted
from tests.chaos.senders import sending
from tests.jobs.conftest import working
from tests.redis_clusters import ClusterSet
from tests.waiting import until

QUEUES = ("one", "two", "three", "four", "five")


class Load:
    """A broker on a cluster, an actor a queue that notes what ran, and what was sent to it."""

    def __init__(self, broker: JobBroker) -> None:
        self.broker = broker
        self.ran: Counter[str] = Counter()
        #: What was acknowledged, by its name.
        self.acknowledged: dict[str, Accepted] = {}
        self.actors = {
            queue: dramatiq.actor(actor_name=f"note-{queue}", queue_name=queue)(self._note)
            for queue in QUEUES
        }

    def _note(self, name: str) -> None:
        self.ran[name] += 1

    def _send(self, name: str) -> None:
        thread, number = map(int, name.split("-"))
        queue = QUEUES[thread]
        message, began = self.actors[queue].message(name), time.time()
        self.broker.enqueue(message, delay=200 if number % 7 == 0 else None)
        self.acknowledged[name] = Accepted(began, time.time(), queue, message.message_id)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send all the while, to each queue from a thread of its own."""
        with sending(self._send, len(QUEUES)) as senders:
            senders.more()
            yield
        assert [] == senders.refused

    def whereabouts(self, names: set[str]) -> list[object]:
        """What the queue knows of these jobs."""
        jobs = [self.acknowledged[name] for name in names]
        return [
            (
                job,
                self.broker.client.hgetall(
                    self.broker.key_base(job.queue).decode() + f"job:{job.message_id}"
                ),
            )
            for job in jobs
        ]

    def missing(self, taken_away: list[float]) -> set[str]:
        """What was acknowledged and has not run, but in the moments at which a master was taken away: what it
        answered then its replica may not have had."""
        names = self.acknowledged.keys() - self.ran.keys()
        return {name for name in names if not in_a_moment(self.acknowledged[name], taken_away)}


@pytest.fixture
def load(cluster: ClusterSet) -> Iterator[Load]:
    """A load on the test's cluster."""
    broker = JobBroker(url=cluster.url, send_patience=30_000, lease=4000)
    broker.emit_after("process_boot")
    dramatiq.set_broker(broker)
    yield Load(broker)
    broker.close()


def _bases(load: Load) -> list[bytes]:
    return [load.broker.key_base(queue) for queue in QUEUES]


def test_queues_work_wherever_they_lie(cluster: ClusterSet, load: Load) -> None:
    """Five queues on three masters: sending, running, signs of life, rate limits, events, counts."""
    assert len({cluster.master_of(base).port for base in _bases(load)}) > 1
    watching = events(load.broker, QUEUES, seconds=300)
    with working(load.broker):
        for queue in QUEUES:
            load.actors[queue].send(queue)
        for queue in QUEUES:
            load.broker.join(queue, timeout=120_000)
        until(lambda: presence.workers(load.broker), 10)
    assert Counter(QUEUES) == load.ran
    assert set(QUEUES) == {event.queue for _, event in zip(range(3 * len(QUEUES)), watching, strict=False)}
    assert set(QUEUES) <= set(presence.known_queues(load.broker))
    assert 0 == RateLimit(load.broker, "api", limit=1, per=1000).wait()
    Gate(load.broker, "api", GateLimits(per_second=1, concurrency=1)).enter("one")
    assert [] == check(load.broker)


def _kill(cluster: ClusterSet, base: bytes) -> None:
    cluster.configure(min_replicas_to_write=1, min_replicas_max_lag=1)
    cluster.fail_over(base, "kill")


def _freeze(cluster: ClusterSet, base: bytes) -> None:
    cluster.configure(min_replicas_to_write=1, min_replicas_max_lag=1)
    cluster.fail_over(base, "freeze").thaw()


def _hand_over(cluster: ClusterSet, base: bytes) -> None:
    cluster.fail_over(base, "command")


def _reshard(cluster: ClusterSet, base: bytes) -> None:
    cluster.reshard(base)


@pytest.mark.parametrize("harm", [_kill, _freeze, _hand_over, _reshard])
def test_nothing_is_lost_when_a_queue_gets_another_master(
    cluster: ClusterSet, load: Load, harm: Callable[[ClusterSet, bytes], None]
) -> None:
    """Under load: a master killed or frozen and back, a hand-over, a slot moved key by key."""
    with working(load.broker, threads=8), load.running():
        for queue in QUEUES[:2]:
            harm(cluster, load.broker.key_base(queue))
            cluster.heal()
        sent = len(load.acknowledged)
        until(lambda: len(load.acknowledged) > sent + 50, 20)
        until_over = time.monotonic() + 1
        until(lambda: time.monotonic() > until_over, 5)
    taken_away = [moment for node in cluster.nodes for moment in node.taken_away]
    with working(load.broker, threads=8):
        try:
            until(lambda: not load.missing(taken_away), 30, "all that was acknowledged has run")
        except AssertionError as error:
            error.add_note(str(load.whereabouts(load.missing(taken_away))))
            raise
    assert [] == check(load.broker)


def test_no_script_runs_on_one_half_of_a_queue(cluster: ClusterSet, load: Load) -> None:
    """While its slot moves, a queue stands still on both sides; then it goes on where it was."""
    actor = load.actors["one"]
    base = load.broker.key_base("one")
    for number in range(5):
        actor.send(f"before-{number}")
    slot, old = key_slot(base), cluster.master_of(base)
    new = next(node for node in map(cluster.master_of, _bases(load)) if node is not old)
    load.broker.send_patience = 50
    refusals: list[str] = []

    def send() -> None:
        with pytest.raises(JobNotQueued) as refused:
            actor.send("meanwhile")
        refusals.append(str(refused.value))

    cluster.move_slot(slot, new, portion=4, between=send)

    assert len(refusals) > 1
    assert all("its slot is being moved to another node of the Redis Cluster" in said for said in refusals)
    with working(load.broker):
        until(lambda: 5 == load.ran.total(), 10)
    assert load.ran.keys() == {f"before-{number}" for number in range(5)}
    assert [] == check(load.broker)


def test_a_worker_follows_while_idle(cluster: ClusterSet, load: Load) -> None:
    """One that sleeps in a blocking command on the old master hears of the new one and starts jobs at once."""
    base = load.broker.key_base("one")
    with working(load.broker) as worker:
        load.actors["one"].send("before")
        until(lambda: load.ran["before"])
        _freeze(cluster, base)
        load.actors["one"].send("after")
        until(lambda: load.ran["after"], 10)
        assert isinstance(worker, Worker)


def test_schedules_in_a_cluster(cluster: ClusterSet) -> None:
    """What is kept of schedules lies in one slot, and every script on it runs."""
    client = client_from_url(cluster.url)
    links = Links(route_of(client))
    store = Store(links, "ns", lease=timedelta(seconds=5), outstanding_limit=timedelta(hours=1))
    now = datetime.now(UTC)
    one = every("6 hours")
    assert [] == store.register({"clean": one}, now)
    slot = now + timedelta(hours=6)
    claim = Claim("clean", one, slot, "me", slot, "message-1")
    assert (Answer.CLAIMED, "") == store.claim(claim)
    store.settle(claim)
    assert store.begin("clean", "message-1", slot)
    store.finish("clean", "message-1", slot, outcome="done", duration=None, error="", final=True)
    store.set_paused("clean", True, slot)
    assert "1" == store.read("clean")["paused"]
    links.close()
    client.close()
