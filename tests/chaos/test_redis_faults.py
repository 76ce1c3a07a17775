"""What happens to jobs when something happens to Redis, or on the way to it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

import dramatiq
import pytest
from dramatiq.errors import BrokerConnectionError

from osmod.jobs import queues
from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import JobNotQueued
from tests.chaos.proxy import Proxy
from tests.jobs.conftest import working
from tests.jobs.servers import Server, free_port
from tests.jobs.waiting import until

AOF = ("--appendonly", "yes", "--appendfsync", "always")


def _broker(url: str, **parameters: object) -> JobBroker:
    broker = JobBroker(url=url, **{"lease": 1000, **parameters})  # type: ignore[arg-type]
    broker.emit_after("process_boot")
    dramatiq.set_broker(broker)
    return broker


def test_a_message_sent_twice_is_one_job(own_server: Callable[..., Server]) -> None:
    """P7: the message id is the job, before, while and after it runs."""
    broker = _broker(own_server().url)
    ran: list[int] = []
    actor = dramatiq.actor(ran.append, actor_name="note")
    message = actor.message(1)
    broker.enqueue(message)
    broker.enqueue(message)
    with working(broker):
        broker.join("default", timeout=10_000)
        broker.enqueue(message)
        broker.join("default", timeout=10_000)
    broker.close()

    assert ran == [1]


def test_a_send_whose_answer_is_lost_is_one_job(
    own_server: Callable[..., Server], proxies: Callable[[int], Proxy]
) -> None:
    """P7: the command ran, its answer was lost, `send` tries again: still one job, and no error."""
    server = own_server()
    proxy = proxies(server.port)
    broker = _broker(proxy.url)
    actor = dramatiq.actor(lambda: None, actor_name="noop")
    actor.send()
    for _ in range(5):
        proxy.lose_next = 2
        actor.send()
    broker.close()

    assert proxy.lost == 10
    assert queues.counts(_broker(server.url), "default").waiting == 6


def test_a_swallowed_answer_does_not_hold_up_send(
    own_server: Callable[..., Server], proxies: Callable[[int], Proxy]
) -> None:
    """P6: a peer that is silently gone costs `send` its patience and no more; then it says so."""
    proxy = proxies(own_server().port)
    broker = _broker(proxy.url, send_patience=600)
    actor = dramatiq.actor(lambda: None, actor_name="noop")
    proxy.swallow = True
    began = time.monotonic()
    with pytest.raises(JobNotQueued, match=r"noop\(\) was not queued: Redis did not answer for 0\.6 seconds"):
        actor.send()
    broker.close()

    assert time.monotonic() - began < 2


def test_send_waits_out_a_short_outage(own_server: Callable[..., Server]) -> None:
    """P6: a server that is back within the patience costs time and no job."""
    server = own_server(*AOF)
    broker = _broker(server.url)
    actor = dramatiq.actor(lambda: None, actor_name="noop")
    actor.send()
    server.kill()
    timer = threading.Timer(0.5, server.start)
    timer.start()
    actor.send()
    timer.join()

    assert queues.counts(broker, "default").waiting == 2
    broker.close()


def test_send_says_plainly_that_the_job_was_not_queued() -> None:
    """P6: with nothing listening at all, the error is Dramatiq's kind and names the job."""
    broker = _broker(f"redis://127.0.0.1:{free_port()}/0", send_patience=200)
    actor = dramatiq.actor(lambda: None, actor_name="noop")
    with pytest.raises(BrokerConnectionError, match=r"noop\(\) was not queued"):
        actor.send()
    broker.close()


def test_a_retry_that_comes_while_redis_is_away_is_not_lost(own_server: Callable[..., Server]) -> None:
    """P1: the actor fails while Redis is down; once Redis is back the retry runs."""
    server = own_server(*AOF)
    broker = _broker(server.url)
    began, down, runs = threading.Event(), threading.Event(), []

    @dramatiq.actor(min_backoff=20, max_backoff=20)
    def fails_once() -> None:
        runs.append(1)
        if len(runs) == 1:
            began.set()
            assert down.wait(10)
            raise RuntimeError("as told")

    with working(broker):
        fails_once.send()
        assert began.wait(10)
        server.kill()
        down.set()
        until(lambda: broker.all_holdings()[0].pending)
        server.start()
        broker.join("default", timeout=10_000)
    counts = queues.counts(broker, "default")
    broker.close()

    assert len(runs) == 2
    assert counts.done == 1


def test_what_follows_a_job_is_sent_though_redis_was_away(own_server: Callable[..., Server]) -> None:
    """P1: a callback that could not be sent when its job ended is sent before the job counts as done."""
    server = own_server(*AOF)
    broker = _broker(server.url, send_patience=100)
    began, down, called = threading.Event(), threading.Event(), threading.Event()

    @dramatiq.actor
    def on_success(message: object, result: object) -> None:
        called.set()

    @dramatiq.actor(on_success="on_success")
    def works() -> None:
        began.set()
        assert down.wait(10)

    with working(broker):
        works.send()
        assert began.wait(10)
        server.kill()
        down.set()
        until(lambda: broker.all_holdings()[0].pending)
        server.start()
        assert called.wait(10)
        broker.join("default", timeout=10_000)
    broker.close()


def test_nothing_is_lost_over_restarts_of_redis(own_server: Callable[..., Server]) -> None:
    """P1, P6: three crashes of a server with an append-only file; every accepted job runs."""
    server = own_server(*AOF)
    broker = _broker(server.url)
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
                work.send_with_options(args=(sent,), delay=30 if sent % 7 == 0 else None)
                sent += 1
            server.kill()
            server.start()
        broker.join("default", timeout=20_000)
    counts = queues.counts(broker, "default")
    broker.close()

    assert set(ran) == set(range(sent))
    assert counts.done == sent


def test_nothing_sticks_on_a_network_that_loses_answers(
    own_server: Callable[..., Server], proxies: Callable[[int], Proxy]
) -> None:
    """P1, P6: a tenth of all answers lost, connections reset: every job runs, none stays leased."""
    server = own_server()
    proxy = proxies(server.port)
    broker = _broker(proxy.url)
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
        until(lambda: queues.counts(broker, "default").done == 200, 20)
    broker.close()

    assert proxy.lost


def _readonly(server: Server, own_server: Callable[..., Server]) -> None:
    server.client.replicaof("127.0.0.1", own_server().port)
    until(lambda: server.client.info("replication")["role"] == "slave")


def _masterdown(server: Server, own_server: Callable[..., Server]) -> None:
    server.client.config_set("replica-serve-stale-data", "no")
    server.client.replicaof("127.0.0.1", free_port())


def _oom(server: Server, own_server: Callable[..., Server]) -> None:
    server.client.config_set("maxmemory", "1")


def _back(server: Server) -> None:
    server.client.config_set("maxmemory", "0")
    server.client.config_set("replica-serve-stale-data", "yes")
    server.client.replicaof("NO", "ONE")


@pytest.mark.parametrize("fault", [_readonly, _masterdown, _oom])
def test_errors_of_the_server_pass(
    own_server: Callable[..., Server], fault: Callable[[Server, Callable[..., Server]], None]
) -> None:
    """P6: READONLY, MASTERDOWN, OOM refuse a send plainly, harm no worker, and pass without a restart."""
    server = own_server()
    broker = _broker(server.url, send_patience=200)
    ran: list[int] = []
    actor = dramatiq.actor(ran.append, actor_name="note")
    with working(broker):
        actor.send(1)
        until(lambda: ran == [1])
        fault(server, own_server)
        with pytest.raises(JobNotQueued):
            actor.send(2)
        _back(server)
        actor.send(3)
        until(lambda: 3 in ran)
        broker.join("default", timeout=10_000)
    broker.close()

    assert ran == [1, 3]


def test_loading_passes(own_server: Callable[..., Server]) -> None:
    """P6: while a restarted server still loads its data, sends wait and workers do."""
    server = own_server("--appendonly", "yes", "--aof-use-rdb-preamble", "no", "--key-load-delay", "20000")
    broker = _broker(server.url)
    ran: list[int] = []
    actor = dramatiq.actor(ran.append, actor_name="note")
    broker.send_many([actor.message(number) for number in range(20)])
    server.kill()
    restart = threading.Thread(target=server.start)
    restart.start()
    with working(broker):
        actor.send(20)
        restart.join()
        broker.join("default", timeout=20_000)
    broker.close()

    assert sorted(ran) == list(range(21))


def test_a_full_server_can_still_be_drained(own_server: Callable[..., Server]) -> None:
    """P6: at `maxmemory` no job is taken in, but those there are run, and so make room."""
    server = own_server()
    broker = _broker(server.url, send_patience=100)
    ran: list[int] = []
    actor = dramatiq.actor(ran.append, actor_name="note")
    broker.send_many([actor.message(number) for number in range(50)])
    server.client.config_set("maxmemory", "1")
    with pytest.raises(JobNotQueued):
        actor.send(50)
    with working(broker):
        broker.join("default", timeout=10_000)
    broker.close()

    assert sorted(ran) == list(range(50))
