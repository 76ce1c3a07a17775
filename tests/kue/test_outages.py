"""Kue's Redis or ours hangs, or dies and starts anew, while jobs are taken and told of."""

from __future__ import annotations

import time
from collections.abc import Callable

import dramatiq
import pytest

from osmod.jobs.broker import JobBroker
from osmod.jobs.wire.resp import ServerError
from osmod.kue.bridge import Bridge
from osmod.kue.keys import KueQueue
from osmod.kue.taking import Taker
from osmod.kue.telling import Teller
from tests.jobs.brokers import boot
from tests.jobs.conftest import working
from tests.kue.stand_in import queue_job
from tests.redis_servers import Server
from tests.waiting import until

JOBS = 600
#: Seconds for which a server hangs: longer than its answer is waited for.
HANGS = 6.5


def _hang(server: Server) -> None:
    server.freeze()
    began = time.monotonic()
    until(lambda: time.monotonic() - began > HANGS, HANGS + 5, "it has hung for long")
    server.thaw()


def _restart(server: Server) -> None:
    server.kill()
    server.start()


@pytest.mark.parametrize("harm", [_hang, _restart])
@pytest.mark.parametrize("which", ["kue", "ours"])
def test_an_outage(own_server: Callable[..., Server], which: str, harm: Callable[[Server], None]) -> None:
    """Each job runs once, and Kue is told of each."""
    servers = {name: own_server("--appendonly", "yes", "--appendfsync", "always") for name in ("kue", "ours")}
    kue = KueQueue.at(servers["kue"].url)
    broker: JobBroker = boot(servers["ours"].url)
    ran: list[int] = []

    @dramatiq.actor(actor_name="note")
    def note(number: int) -> None:
        ran.append(number)

    for number in range(JOBS):
        queue_job(kue, "note", {"number": number}, removeOnComplete="")
    bridge = Bridge(broker, kue, most_open=50)
    with working(broker):
        bridge.start()
        try:
            until(lambda: len(ran) > 100, 30, "100 have run")
            harm(servers[which])
            complete = kue.state("complete")
            until(lambda: servers["kue"].ask("ZCARD", complete) == JOBS, 30, "Kue was told of all of them")
        finally:
            assert bridge.stop()
    bridge.wait()
    assert list(range(JOBS)) == sorted(ran)
    assert 0 == kue.client.zcard(kue.taken) + kue.client.zcard(kue.held)
    kue.close()
    broker.close()


def test_a_full_server(own_server: Callable[..., Server]) -> None:
    """Nothing more is taken; but what is here is told of, which makes room."""
    server = own_server()
    kue = KueQueue.at(server.url)
    broker: JobBroker = boot(server.url)
    ran: list[int] = []

    @dramatiq.actor(actor_name="note")
    def note(number: int) -> None:
        ran.append(number)

    queue_job(kue, "note", {"number": 1})
    queue_job(kue, "note", {"number": 2})
    taker = Taker(broker, kue)
    assert 1 == taker.take(1)[0]
    with working(broker):
        until(lambda: ran, what="it ran")
    server.ask("CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(ServerError, match="OOM"):
        taker.take()
    assert 1 == Teller(broker, kue).look(0)
    assert [0, 1] == [server.ask("EXISTS", kue.job(number)) for number in (1, 2)]
    server.ask("CONFIG", "SET", "maxmemory", "0")
    assert 1 == taker.take()[0]
    kue.close()
    broker.close()


@pytest.mark.parametrize("harmed", ["kue", "ours"])
def test_a_server_that_only_reads_for_a_while(
    own_server: Callable[..., Server], harmed: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As after a failover, until the client is led to the new primary: the bridge waits for it."""
    servers = {name: own_server() for name in ("kue", "ours")}
    server = servers[harmed]
    kue = KueQueue.at(servers["kue"].url)
    broker: JobBroker = boot(servers["ours"].url)
    server.ask("REPLICAOF", "127.0.0.1", "1")
    dramatiq.actor(actor_name="note")(int)
    bridge = Bridge(broker, kue)
    bridge.start()
    began = time.monotonic()
    until(lambda: time.monotonic() - began > 2 or not bridge.goes_on, what="it was refused some times")
    server.ask("REPLICAOF", "NO", "ONE")
    queue_job(kue, "note", {"x": 1})
    until(lambda: kue.client.zcard(kue.held) or not bridge.goes_on, what="the job is here")
    assert bridge.goes_on
    assert bridge.stop()
    bridge.wait()
    said = [one.getMessage() for one in caplog.records if "bridge to Kue" in one.getMessage()]
    assert harmed == "ours" or any("in REDIS_URL or KUE_URL" in one for one in said), said
    kue.close()
    broker.close()
