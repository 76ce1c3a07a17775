"""The queue's servers."""

import pytest

from osmod.outages import Outage
from osmod.publishers import update_notifications
from tests.jobs.conftest import _shared_redis, _shared_valkey, own_server, server, shared_server

__all__ = ["_shared_redis", "_shared_valkey", "own_server", "server", "shared_server"]


@pytest.fixture(autouse=True)
def _news(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may not publish says so in each test anew: not again, while it has not been able to."""
    monkeypatch.setattr(update_notifications, "_outage", Outage("channel"))
