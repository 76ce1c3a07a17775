"""The chaos tests use the queue tests' servers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("CHAOS_URL", "redis://127.0.0.1:1/0")
os.environ.setdefault("CHAOS_LOG", os.devnull)

from osmod.jobs.broker import JobBroker
from tests.chaos.pools import Pool
from tests.chaos.proxy import Proxy
from tests.jobs.brokers import open_broker
from tests.jobs.conftest import own_server  # noqa: F401
from tests.moderation.conftest import world  # noqa: F401
from tests.redis_servers import Server


@pytest.fixture
def pools() -> Iterator[Callable[..., Pool]]:
    """Starts worker pools, none of which outlives the test."""
    started: list[Pool] = []

    def start(*arguments: object, kind: type[Pool] = Pool, **settings: object) -> Pool:
        started.append(kind(*arguments, **settings))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for pool in started:
        pool.kill()


@pytest.fixture
def proxies() -> Iterator[Callable[[int], Proxy]]:
    """Starts proxies before a server's port."""
    started: list[Proxy] = []

    def start(port: int) -> Proxy:
        started.append(Proxy(port))
        return started[-1]

    yield start
    for proxy in started:
        proxy.close()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the workers' actors write what they do."""
    path = tmp_path / "log"
    path.touch()
    return path


@pytest.fixture
def sender(own_server: Callable[..., Server]) -> JobBroker:  # noqa: F811
    """A broker to send with and look at the queue, on a server of its own."""
    from tests.chaos import app  # not before the tests are set up: it sets the global broker

    broker: Any = open_broker(own_server().url, lease=1500)
    broker.declare_queue("default")
    broker.actors = app.broker.actors
    return broker
