"""What happens to jobs when Redis goes away, or something happens on the way to it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import dramatiq
import pytest
from dramatiq.errors import BrokerConnectionError

from osmod.jobs.errors import JobNotQueued
from tests.chaos.proxy import Proxy
from tests.jobs.brokers import boot, hooks_over, impatient, open_broker, until_held
from tests.jobs.conftest import working
from tests.ports import free_port
from tests.queue_counts import queue_counts
from tests.redis_servers import Server
from tests.waiting import until

AOF = ("--appendonly", "yes", "--appendfsync", "always")


@pytest.mark.promise("P7", stock=r"assert \[1, 1, 1\] == \[1\]")
def test_a_message_sent_twice_is_one_job(own_server: Callable[..., Server]) -> None:
    """P7: the message id is the job, before, while and after it runs."""
    broker = boot(own_server().url, lease=1000)
    ran: list[int] = []
    actor = dramatiq.actor(actor_name="note")(ran.append)
    message = actor.message(1)
    broker.enqueue(message)
    broker.enqueue(message)
    with working(broker):
        broker.join("default", timeout=120_000)
        broker.enqueue(message)
        broker.join("default", timeout=120_000)
    broker.close()

    assert ran == [1]


@pytest.mark.promise("P7", stock="ConnectionError: Connection closed by server")
def test_a_send_whose_answer_is_lost_is_one_job(
    own_server: Callable[..., Server], proxies: Callable[[int], Proxy]
) -> None:
    """P7: the command ran, its answer was lost, `send` tries again: still one job, and no error."""
    server = own_server()
    proxy = proxies(server.port)
    broker = boot(proxy.url, lease=1000)
    actor = dramatiq.actor(actor_name="noop")(lambda: None)
    actor.send()
    for _ in range(5):
        proxy.lose_next = 2
        actor.send()
    broker.close()

    assert proxy.lost == 10
    assert queue_counts(boot(server.url, lease=1000), "default").waiting == 6


@pytest.mark.promise("P6", stock="redis.exceptions.TimeoutError")
def test_a_swallowed_answer_does_not_hold_up_send(
    own_server: Callable[..., Server], proxies: Callable[[int], Proxy]
) -> None:
    """P6: a peer that is silently gone costs `send` its patience and no more; then it says so."""
    proxy = proxies(own_server().port)
    broker = boot(proxy.url, send_patience=600, lease=1000)
    actor = dramatiq.actor(actor_name="noop")(lambda: None)
    proxy.swallow = True
    began = time.monotonic()
    with pytest.raises(JobNotQueued, match=r"noop\(\) was not queued: Redis did not answer for 0\.6 seconds"):
        actor.send()
    broker.close()

    assert time.monotonic() - began < 20


@pytest.mark.timed
def test_one_thread_waits_for_a_redis_that_is_known_to_be_away(
    own_server: Callable[..., Server], proxies: Callable[[int], Proxy]
) -> None:
    """P6: once one gave up, of many who send at once one waits, and not all threads of a server; then all send."""
    proxy = proxies(own_server().port)
    broker = boot(proxy.url, send_patience=1500, lease=1000)
    actor = dramatiq.actor(actor_name="noop")(lambda: None)
    actor.send()

    def seconds(_: int) -> float:
        began = time.monotonic()
        with pytest.raises(JobNotQueued, match=r"Redis did not answer for 1\.5 seconds"):
            actor.send()
        return time.monotonic() - began

    proxy.swallow = True
    seconds(0)
    with ThreadPoolExecutor(8) as threads:
        waited = sorted(threads.map(seconds, range(8)))
    assert waited[-2] < 1 < 1.5 <= waited[-1]
    proxy.swallow = False
    actor.send()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: actor.send(), range(8)))
    broker.close()


@pytest.mark.promise("P6", stock="redis.exceptions.ConnectionError")
def test_send_waits_out_a_short_outage(own_server: Callable[..., Server]) -> None:
    """P6: a server that is back within the patience costs time and no job."""
    server = own_server(*AOF)
    broker = boot(server.url, lease=1000, send_patience=60_000)
    actor = dramatiq.actor(actor_name="noop")(lambda: None)
    actor.send()
    server.kill()
    timer = threading.Timer(0.5, server.start)
    timer.start()
    actor.send()
    timer.join()

    assert queue_counts(broker, "default").waiting == 2
    broker.close()


@pytest.mark.promise("P6", stock="redis.exceptions.ConnectionError")
def test_send_says_plainly_that_the_job_was_not_queued() -> None:
    """P6: with nothing listening at all, the error is Dramatiq's kind and names the job."""
    broker = boot(f"redis://127.0.0.1:{free_port()}/0", send_patience=200, lease=1000)
    actor = dramatiq.actor(actor_name="noop")(lambda: None)
    with pytest.raises(BrokerConnectionError, match=r"noop\(\) was not queued"):
        actor.send()
    broker.close()


@pytest.mark.promise("P1", stock="assert 1 == 2")
@pytest.mark.timed
def test_a_retry_that_comes_while_redis_is_away_is_not_lost(own_server: Callable[..., Server]) -> None:
    """P1: the actor fails while Redis is down; once Redis is back the retry runs."""
    server = own_server(*AOF)
    broker = boot(server.url, lease=1000)
    began, down, ended, runs = threading.Event(), threading.Event(), hooks_over(broker), []

    @dramatiq.actor(min_backoff=20, max_backoff=20)
    def fails_once() -> None:
        runs.append(1)
        if len(runs) == 1:
            began.set()
            assert down.wait(120)
            raise RuntimeError("as told")

    with working(broker):
        fails_once.send()
        assert began.wait(120)
        server.kill()
        down.set()
        assert ended.wait(120)
        server.start()
        broker.join("default", timeout=120_000)
    broker.close()

    assert len(runs) == 2


@pytest.mark.promise("P1", stock="its callback runs")
def test_what_follows_a_job_is_sent_though_redis_was_away(own_server: Callable[..., Server]) -> None:
    """P1: a callback that could not be sent when its job ended is sent before the job counts as done."""
    server = own_server(*AOF)
    broker = boot(server.url, lease=1000)
    began, down, called, ended = threading.Event(), threading.Event(), threading.Event(), hooks_over(broker)

    @dramatiq.actor
    def on_success(message: object, result: object) -> None:
        called.set()

    @dramatiq.actor(on_success="on_success")
    def works() -> None:
        began.set()
        assert down.wait(120)

    with working(broker):
        works.send()
        assert began.wait(120)
        server.kill()
        with impatient(broker):
            down.set()
            assert ended.wait(120)
        server.start()
        until(called.is_set, 10, "its callback runs")
        broker.join("default", timeout=120_000)
    broker.close()


@pytest.mark.promise("P1", "P6", stock="QueueJoinTimeout|workers fetch what is delayed")
def test_nothing_is_lost_over_restarts_of_redis(own_server: Callable[..., Server]) -> None:
    """P1, P6: three crashes of a server with an append-only file; every accepted job runs."""
    server = own_server(*AOF)
    broker = boot(server.url, lease=1000)
    ran: Counter[int] = Counter()

    @dramatiq.actor(min_backoff=20, max_backoff=50)
    def work(number: int) -> None:
        ran[number] += 1
        if number % 10 == 0 and ran[number] == 1:
            raise RuntimeError("as told")

    sent = 0
    with working(broker):
        for _ in range(3):
            for _ in range(60):
                work.send_with_options(args=(sent,), delay=500 if sent % 7 == 0 else None)
                sent += 1
            until_held(broker)
            server.kill()
            server.start()
        broker.join("default", timeout=30_000)
    broker.close()

    assert set(ran) == set(range(sent))


@pytest.mark.promise("P1", "P6", stock="the job is fetched again")
@pytest.mark.timed
def test_a_job_that_was_lost_on_its_way_to_a_worker_is_fetched_again(
    own_server: Callable[..., Server], proxies: Callable[[int], Proxy]
) -> None:
    """P1, P6: the answer that brought the job was lost: the worker asks again, and need not wait for a lease."""
    server = own_server()
    proxy = proxies(server.port)
    broker, sender = boot(proxy.url, lease=5_000), open_broker(server.url)
    ran: list[float] = []
    actor = dramatiq.actor(actor_name="note")(lambda name: ran.append(time.monotonic()))
    proxy.lose_with = b"lost on its way"
    with working(broker):
        sender.enqueue(actor.message("lost on its way"))
        until(lambda: proxy.lost)
        lost = time.monotonic()
        until(lambda: ran, 7, "the job is fetched again")
        broker.join("default", timeout=120_000)
    broker.close()
    sender.close()

    assert ran[0] - lost < 2


@pytest.mark.promise("P6", stock="ConnectionError: Connection closed by server")
def test_nothing_sticks_on_a_network_that_loses_answers(
    own_server: Callable[..., Server], proxies: Callable[[int], Proxy]
) -> None:
    """P1, P6: a tenth of all answers lost, connections reset: every job runs, none stays leased."""
    server = own_server()
    proxy = proxies(server.port)
    broker = boot(proxy.url, lease=1000)
    ran: Counter[int] = Counter()

    @dramatiq.actor(min_backoff=10, max_backoff=20)
    def work(number: int) -> None:
        ran[number] += 1
        if number % 10 == 0 and ran[number] == 1:
            raise RuntimeError("as told")

    proxy.lose_answers = 0.1
    with working(broker):
        for number in range(200):
            work.send(number)
            if number % 50 == 25:
                proxy.reset()
        until(lambda: len(ran) == 200, 30)
        proxy.lose_answers = 0.0
        until(lambda: queue_counts(broker, "default").done == 200, 20)
    broker.close()

    assert proxy.lost
