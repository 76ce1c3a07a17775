"""Leases shorter than the time for which an answer is waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import dramatiq
import pytest

from tests.chaos.proxy import Proxy
from tests.jobs.brokers import boot
from tests.jobs.conftest import working
from tests.queue_counts import queue_counts
from tests.redis_servers import Server
from tests.waiting import until

pytestmark = pytest.mark.timed

#: Seconds.
LEASE = 1.5


def test_one_answer_that_never_comes_costs_no_lease(
    own_server: Callable[..., Server], proxies: Callable[[int], Proxy]
) -> None:
    """The network is silent for half a lease: the job goes on, and does not start elsewhere beside itself."""
    server = own_server()
    proxy = proxies(server.port)
    holder, began, may_end = boot(proxy.url, lease=LEASE), threading.Event(), threading.Event()

    def hold() -> None:
        began.set()
        assert may_end.wait(120)

    actor = dramatiq.actor(actor_name="work")(hold)
    with working(holder, threads=1):
        actor.send()
        assert began.wait(120)
        other, stolen = boot(server.url, lease=LEASE), threading.Event()
        dramatiq.actor(actor_name="work")(stolen.set)
        with working(other, threads=1):
            silent = time.monotonic()
            proxy.swallow = True
            until(lambda: time.monotonic() - silent > LEASE / 2)
            proxy.swallow = False
            assert not stolen.wait(2 * LEASE)
            may_end.set()
            until(lambda: queue_counts(other, "default").done == 1)
        other.close()
    holder.close()
