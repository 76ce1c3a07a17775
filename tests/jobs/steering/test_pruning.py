"""What is dropped when its time is over, and what is not."""

from __future__ import annotations

import dramatiq

from osmod.jobs import steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import count, find
from osmod.jobs.states import JobState
from osmod.jobs.steering import audit
from osmod.jobs.steering.pruning import Pruned, prune
from tests.jobs.conftest import working
from tests.jobs.records.single import record
from tests.jobs.records.taking import end
from tests.waiting import until


def test_what_outlived_its_time_is_dropped(redis_url: str) -> None:
    """Entries of finished, failed and cancelled jobs, and ids of jobs that are gone in every index."""
    broker = JobBroker(url=redis_url, done_ttl=1, dead_message_ttl=1)
    dramatiq.set_broker(broker)

    @dramatiq.actor(index=("number",))
    def work(number: int) -> None:
        """Nothing runs here."""

    for number in range(3):
        work.send(number)
    end(broker, 1)
    end(broker, 1, ValueError("no"))
    steering.cancel(broker, JobFilter(actor="work"))
    kept = work.send(4).message_id
    until(lambda: 1 == len(list(broker.client.scan_iter("*job:*"))))

    dropped = prune(broker)

    assert dropped.jobs <= 3  # A worker at work drops some itself.
    assert 3 * 2 + 1 == dropped.index_entries
    assert 0 == dropped.acts
    assert 1 == count(broker)
    for index in ("actor:work", "argument:number"):
        assert [kept.encode()] == broker.client.zrange(f"dramatiq:{{default}}:index:{index}", 0, -1)
    broker.close()


def test_a_job_that_is_done_leaves_the_index_of_its_errors(broker: JobBroker) -> None:
    """One that was tried again and is done stands there until then, and is found by its error no more."""
    runs: list[int] = []

    @dramatiq.actor(min_backoff=1, max_backoff=1)
    def work() -> None:
        runs.append(1)
        if len(runs) == 1:
            raise ValueError("not yet")

    message = work.send()
    with working(broker):
        until(lambda: record(broker, message.message_id).state is JobState.DONE)
    assert [] == find(broker, JobFilter(error="ValueError")).jobs

    assert 1 == prune(broker).index_entries
    assert [] == list(broker.client.scan_iter(match="*index:error:*"))


def test_what_is_in_time_stays(broker: JobBroker) -> None:
    """Records, entries, acts: all are there afterwards, and a second time there is nothing to drop."""
    actor = dramatiq.actor(actor_name="work", index=("number",))(lambda number: None)
    for number in range(4):
        actor.send(number)
    end(broker, 1)
    end(broker, 1, ValueError("no"))
    steering.pause(broker, "default")
    steering.resume(broker, "default")

    assert Pruned(0, 0, 0) == prune(broker)
    assert 4 == count(broker)
    assert 2 == len(audit.audit_log(broker))


def test_a_silent_worker_is_forgotten(broker: JobBroker) -> None:
    """One that was killed cannot take its leave."""
    broker.client.hset(
        "dramatiq:{workers}:workers", "gone:1", '1000 {"threads": 1, "running": 0, "queues": [], "since": 1}'
    )

    prune(broker)

    assert not broker.client.hexists("dramatiq:{workers}:workers", "gone:1")
