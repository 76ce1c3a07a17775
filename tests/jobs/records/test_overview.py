"""How queues and workers are doing."""

from __future__ import annotations

from contextlib import closing

import dramatiq

from osmod.jobs.broker import JobBroker
from osmod.jobs.queue import presence
from osmod.jobs.records import overview
from osmod.jobs.states import JobState
from tests.jobs.conftest import working
from tests.jobs.records.taking import end, taken
from tests.waiting import until


def test_sizes_age_and_counters_of_a_queue(broker: JobBroker) -> None:
    """The oldest waiting job counts whatever its priority; counters know of removed jobs, too."""
    actor = dramatiq.actor(actor_name="work", remove_on_complete=True)(lambda: None)
    actor.send_with_options(priority="low")
    first = broker.client.time()
    until(lambda: broker.client.time() > first)
    actor.send_with_options(priority="critical")
    before = overview.snapshot(broker)
    end(broker, 1)

    queue = overview.queue_overview(broker, "default")

    assert (1, 0, 0) == (
        queue.sizes[JobState.WAITING],
        queue.sizes[JobState.ACTIVE],
        queue.sizes[JobState.DONE],
    )
    assert queue.oldest_waiting is not None
    assert queue.oldest_waiting.total_seconds() > 0
    assert 1 == queue.counters["done"]
    assert overview.snapshot(broker).rates(before)["default"]["done"] > 0


def test_running_jobs_stand_in_the_snapshot(broker: JobBroker) -> None:
    """Those in a worker's hands, at most as many as asked for."""
    actor = dramatiq.actor(actor_name="work")(lambda: None)
    for _ in range(3):
        actor.send()
    with taken(broker, 3):
        assert 3 == len(overview.snapshot(broker).running)
        assert 2 == len(overview.snapshot(broker, running=2).running)


def test_a_queue_that_only_senders_know(broker: JobBroker, redis_url: str) -> None:
    """Is listed by processes that do not declare it: it may hold jobs that nobody works on. To note it is one call."""
    actor = dramatiq.actor(actor_name="work", queue_name="misspelt")(lambda: None)
    actor.send()
    with closing(JobBroker(url=redis_url)) as operator:
        assert "misspelt" in presence.known_queues(operator)
        assert 1 == next(
            queue.sizes[JobState.WAITING]
            for queue in overview.snapshot(operator).queues
            if queue.name == "misspelt"
        )
    broker.client.delete("dramatiq:{workers}:queues")
    actor.send()
    assert 0 == broker.client.exists("dramatiq:{workers}:queues")


def test_a_worker_is_there_while_it_lives(broker: JobBroker) -> None:
    """With its threads and queues, which become known by it; it takes its leave."""
    dramatiq.actor(actor_name="work", queue_name="second")(lambda: None)
    with working(broker, threads=3):
        worker = until(lambda: presence.workers(broker))[0]

    assert (3, 0, ("second",)) == (worker.threads, worker.running, worker.queues)
    assert worker.seen < 10
    assert [] == presence.workers(broker)
    assert b"second" in broker.client.zrange("dramatiq:{workers}:queues", 0, -1)
    assert broker.client.pttl("dramatiq:{workers}:queues") > 0
