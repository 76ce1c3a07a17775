"""Fixtures of the queue's tests: servers, brokers on them, and workers in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from dramatiq import Worker

from osmod.jobs.broker import JobBroker
from tests.jobs.brokers import boot
from tests.redis_servers import Server, binaries, binary_of, running
from tests.services import keep_running

KINDS = ("redis", "valkey")


@pytest.fixture(scope="session")
def _shared_redis() -> Iterator[Server]:
    with running(binary_of("redis")) as server:
        keep_running()
        yield server


@pytest.fixture(scope="session")
def _shared_valkey() -> Iterator[Server]:
    with running(binary_of("valkey")) as server:
        keep_running()
        yield server


@pytest.fixture(scope="session", params=KINDS)
def shared_server(request: pytest.FixtureRequest) -> Server:
    """One server of each kind for all tests that do not harm it."""
    server: Server = request.getfixturevalue(f"_shared_{request.param}")
    return server


@pytest.fixture
def server(shared_server: Server) -> Server:
    """A server without keys."""
    shared_server.client.flushall()
    return shared_server


@pytest.fixture
def own_server() -> Iterator[Callable[..., Server]]:
    """Starts servers that a test may harm; options are the server's."""
    servers: list[Server] = []

    def start(*options: str, kind: str | None = None) -> Server:
        kind = kind or next(iter(binaries()), "redis")
        servers.append(Server(binary_of(kind), *options))
        servers[-1].start()
        return servers[-1]

    yield start
    for one in servers:
        one.thaw()
        one.close()


@pytest.fixture
def make_broker(server: Server) -> Iterator[Callable[..., JobBroker]]:
    """Makes brokers on the test's server and makes each the one that actors are declared on."""
    brokers: list[JobBroker] = []

    def make(**parameters: Any) -> JobBroker:
        brokers.append(boot(**{"url": server.url, **parameters}))
        return brokers[-1]

    yield make
    for broker in brokers:
        broker.close()


@pytest.fixture
def broker(make_broker: Callable[..., JobBroker]) -> JobBroker:
    """A broker as it comes."""
    return make_broker()


@contextmanager
def working(broker: JobBroker, *, threads: int = 4, queues: set[str] | None = None) -> Iterator[Worker]:
    """A worker in this process, stopped at the end of the `with`."""
    worker = Worker(broker, worker_threads=threads, worker_timeout=100, queues=queues)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop(timeout=10_000)
