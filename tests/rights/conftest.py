"""The queue's servers."""

from tests.jobs.conftest import _shared_redis, _shared_valkey, own_server, server, shared_server

__all__ = ["_shared_redis", "_shared_valkey", "own_server", "server", "shared_server"]
