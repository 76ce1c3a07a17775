"""Fixtures of the tests of records: a broker on a real server, empty."""

from __future__ import annotations

from collections.abc import Iterator

import dramatiq
import pytest

from osmod.jobs.broker import JobBroker


@pytest.fixture
def broker(redis_url: str) -> Iterator[JobBroker]:
    """A broker as it comes, the one that actors are declared on."""
    broker = JobBroker(url=redis_url)
    broker.emit_after("process_boot")
    dramatiq.set_broker(broker)
    yield broker
    broker.close()
