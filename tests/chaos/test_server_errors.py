"""What happens to jobs when Redis is there and answers with errors."""

from __future__ import annotations

import threading
from collections.abc import Callable

import dramatiq
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from osmod.jobs.errors import JobNotQueued
from tests.jobs.brokers import boot, hooks_over, impatient, send_all
from tests.jobs.conftest import working
from tests.ports import free_port
from tests.redis_servers import Server
from tests.waiting import until

Fault = Callable[[Server, Callable[..., Server]], None]


def _readonly(server: Server, own_server: Callable[..., Server]) -> None:
    server.client.replicaof("127.0.0.1", own_server().port)
    until(lambda: server.client.info("replication")["role"] == "slave")


def _masterdown(server: Server, own_server: Callable[..., Server]) -> None:
    server.client.config_set("replica-serve-stale-data", "no")
    server.client.replicaof("127.0.0.1", free_port())


def _oom(server: Server, own_server: Callable[..., Server]) -> None:
    server.client.config_set("maxmemory", "1")


def _loads(server: Server) -> bool:
    with redis.Redis(port=server.port, retry=Retry(NoBackoff(), 0)) as client:
        try:
            return not client.ping()
        except redis.ConnectionError as error:
            return isinstance(error, redis.BusyLoadingError)


def _refused(server: Server) -> int:
    """How many calls the server answered with an error."""
    return int(server.client.info("stats")["total_error_replies"])


def _back(server: Server) -> None:
    server.client.config_set("maxmemory", "0")
    server.client.config_set("replica-serve-stale-data", "yes")
    server.client.replicaof("NO", "ONE")


@pytest.mark.promise("P6", stock="ReadOnlyError|MasterDownError|OutOfMemoryError")
@pytest.mark.parametrize("fault", [_readonly, _masterdown, _oom])
def test_errors_of_the_server_refuse_a_send_plainly(own_server: Callable[..., Server], fault: Fault) -> None:
    """P6: READONLY, MASTERDOWN, OOM: the job was not queued, and is not; the next one is."""
    server = own_server()
    broker = boot(server.url, lease=1000)
    ran: list[int] = []
    actor = dramatiq.actor(actor_name="note")(ran.append)
    actor.send(1)
    fault(server, own_server)
    with impatient(broker), pytest.raises(JobNotQueued):
        actor.send(2)
    _back(server)
    with working(broker):
        actor.send(3)
        broker.join("default", timeout=120_000)
    broker.close()

    assert sorted(ran) == [1, 3]


@pytest.mark.promise("P6", stock="QueueJoinTimeout")
@pytest.mark.parametrize("fault", [_readonly, _masterdown, _oom])
def test_errors_of_the_server_leave_no_job_stuck(own_server: Callable[..., Server], fault: Fault) -> None:
    """P6: a job that ends while its end cannot be told is settled later, without a restart."""
    server = own_server()
    broker = boot(server.url, lease=1000)
    began, faulty, ended = threading.Event(), threading.Event(), hooks_over(broker)

    @dramatiq.actor
    def work() -> None:
        began.set()
        assert faulty.wait(120)

    with working(broker):
        work.send()
        assert began.wait(120)
        fault(server, own_server)
        faulty.set()
        assert ended.wait(120)
        if fault is not _oom:  # a full server takes the end of a job, which makes room: it may be told by now
            refused = _refused(server)
            until(lambda: _refused(server) > refused)
        _back(server)
        broker.join("default", timeout=30_000)
    broker.close()


def test_loading_passes(own_server: Callable[..., Server]) -> None:
    """While a restarted server still loads its data, sends wait and workers do. Dramatiq's broker keeps this too."""
    server = own_server("--key-load-delay", "10000", "--loading-process-events-interval-bytes", "1024")
    broker = boot(server.url, lease=1000)
    ran: list[int] = []
    actor = dramatiq.actor(actor_name="note")(ran.append)
    send_all(broker, [actor.message(number) for number in range(20)])
    server.client.mset({f"one of many:{number}": "x" * 1024 for number in range(100)})
    server.client.save()
    server.kill()
    restart = threading.Thread(target=server.start)
    restart.start()
    until(lambda: _loads(server), what="it loads")
    with working(broker):
        actor.send(20)
        restart.join()
        broker.join("default", timeout=120_000)
    broker.close()

    assert sorted(ran) == list(range(21))


@pytest.mark.promise("P6", stock="the jobs there are have run")
def test_a_full_server_can_still_be_drained(own_server: Callable[..., Server]) -> None:
    """P6: at `maxmemory` the jobs that there are run, and so make room."""
    server = own_server()
    broker = boot(server.url, lease=1000)
    ran: list[int] = []
    actor = dramatiq.actor(actor_name="note")(ran.append)
    send_all(broker, [actor.message(number) for number in range(50)])
    server.client.config_set("maxmemory", "1")
    with working(broker):
        until(lambda: len(ran) == 50, 5, "the jobs there are have run")
        broker.join("default", timeout=120_000)
    broker.close()

    assert sorted(ran) == list(range(50))
