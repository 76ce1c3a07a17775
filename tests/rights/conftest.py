"""The queue's servers."""

from tests.jobs.conftest import own_server, server, shared_server

__all__ = ["own_server", "server", "shared_server"]
