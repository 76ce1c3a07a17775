"""Connections that are gone without a word while nobody used them: a firewall forgot them, a route changed."""

from __future__ import annotations

import threading
from collections.abc import Callable

import dramatiq
import pytest

from tests.chaos.proxy import Proxy
from tests.jobs.brokers import boot
from tests.jobs.conftest import working
from tests.queue_counts import queue_counts
from tests.redis_servers import Server
from tests.waiting import until


@pytest.mark.timed
def test_a_send_on_forgotten_connections_arrives_in_time(
    own_server: Callable[..., Server], proxies: Callable[[int], Proxy]
) -> None:
    """However many connections a process had: the job is stored within `send_patience`, and once."""
    proxy = proxies(own_server().port)
    broker = boot(proxy.url, send_patience=1500)
    actor = dramatiq.actor(actor_name="noop")(lambda: None)
    senders = [threading.Thread(target=actor.send) for _ in range(8)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    proxy.forget()
    actor.send()  # which fails when its patience ends

    assert queue_counts(broker, "default").waiting == 9
    broker.close()


def test_an_idle_worker_notices_that_its_connections_are_forgotten(
    own_server: Callable[..., Server], proxies: Callable[[int], Proxy]
) -> None:
    """It starts what was sent meanwhile once its nap and the wait for an answer are over, at the latest."""
    server = own_server()
    proxy = proxies(server.port)
    sender = boot(server.url)
    dramatiq.actor(actor_name="noop")(lambda: None)
    broker = boot(proxy.url + "?socket_timeout=1", nap=500, lease=2000)
    ran = threading.Event()
    actor = dramatiq.actor(actor_name="noop")(ran.set)
    with working(broker, threads=1):
        until(lambda: _sleeps(server))
        proxy.forget()
        sender.enqueue(actor.message())
        assert ran.wait(120)
        until(lambda: queue_counts(sender, "default").done == 1)
    broker.close()
    sender.close()


def _sleeps(server: Server) -> bool:
    """Whether a worker sleeps in Redis."""
    return any(one["cmd"] == "blpop" for one in server.client.client_list())
