"""For tests of what every kind of Redis does alike."""

from __future__ import annotations

import pytest

from tests.redis_servers import Server


@pytest.fixture
def server(_shared_redis: Server) -> Server:
    """One server, empty, in place of one of each kind."""
    _shared_redis.client.flushall()
    return _shared_redis
