"""What Dramatiq's own middleware makes of jobs: results, pipelines, groups, callbacks, limits."""

from __future__ import annotations

import threading

import dramatiq
from dramatiq import group, pipeline
from dramatiq.middleware import GroupCallbacks
from dramatiq.rate_limits import ConcurrentRateLimiter
from dramatiq.rate_limits.backends import RedisBackend as RateLimiterBackend
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

from osmod.jobs.broker import JobBroker
from tests.jobs.conftest import working
from tests.queue_counts import queue_counts
from tests.redis_servers import Server
from tests.waiting import until


def test_results_pipelines_and_groups(broker: JobBroker, server: Server) -> None:
    """Results are stored, pipelines pass them on, groups call back once when all are done."""
    broker.add_middleware(Results(backend=RedisBackend(client=server.client)))
    broker.add_middleware(GroupCallbacks(RateLimiterBackend(client=server.client)))
    called = threading.Event()

    @dramatiq.actor(store_results=True)
    def add(left: int, right: int) -> int:
        return left + right

    @dramatiq.actor
    def all_done() -> None:
        called.set()

    with working(broker):
        assert add.send(1, 2).get_result(block=True, timeout=120_000) == 3
        further = (add.message_with_options(args=(number,)) for number in (3, 4))
        chain = pipeline([add.message(1, 2), *further]).run()
        assert chain.get_result(block=True, timeout=120_000) == 10
        both = group([add.message(1, 1), add.message(2, 2)])
        both.add_completion_callback(all_done.message())
        both.run()
        assert list(both.get_results(block=True, timeout=120_000)) == [2, 4]
        assert called.wait(120)


def test_callbacks_rate_limiters_and_the_age_limit(broker: JobBroker, server: Server) -> None:
    """What Dramatiq's middleware and limiters do around a job, they do here."""
    succeeded: list[object] = []
    running, most = 0, 0
    limiter = ConcurrentRateLimiter(RateLimiterBackend(client=server.client), "one", limit=1)

    @dramatiq.actor
    def on_success(message: object, result: object) -> None:
        succeeded.append(result)

    @dramatiq.actor(min_backoff=5, max_backoff=20)
    def limited() -> None:
        nonlocal running, most
        with limiter.acquire():
            running += 1
            most = max(most, running)
            running -= 1

    @dramatiq.actor(max_age=1)
    def too_old() -> None:
        raise AssertionError("ran")

    stale = too_old.message().copy(message_timestamp=0)
    with working(broker):
        on_success.send_with_options(args=({}, 1), on_success=on_success)
        for _ in range(10):
            limited.send()
        broker.enqueue(stale)
        until(lambda: queue_counts(broker, "default").failed == 1)
        broker.join("default", timeout=120_000)

    assert succeeded == [1, None]
    assert most == 1
