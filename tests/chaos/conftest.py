"""The chaos tests use the queue tests' servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.chaos.pools import Pool
from tests.chaos.proxy import Proxy
from tests.jobs.conftest import own_server  # noqa: F401


@pytest.fixture
def pools() -> Iterator[Callable[..., Pool]]:
    """Starts worker pools, none of which outlives the test."""
    started: list[Pool] = []

    def start(*arguments: object, **settings: object) -> Pool:
        started.append(Pool(*arguments, **settings))  # type: ignore[arg-type]
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
