"""Upkeep of the queue's own records."""

from __future__ import annotations

import dramatiq
import pytest

from actors import prune_jobs
from osmod.jobs.broker import JobBroker
from osmod.jobs.inline import InlineBroker
from osmod.jobs.steering.pruning import Pruned


def test_records_are_pruned(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The actor prunes the queue of its process and says how much went."""
    queue = JobBroker(url=redis_url)
    monkeypatch.setattr(dramatiq.broker, "global_broker", queue)
    with caplog.at_level("INFO", "actors.upkeep"):
        prune_jobs.fn()
    queue.close()
    assert [f"pruned {Pruned(0, 0, 0)}"] == caplog.messages


def test_without_a_queue_there_is_nothing_to_prune(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where tasks run where they are sent, there are no records."""
    monkeypatch.setattr(dramatiq.broker, "global_broker", InlineBroker())
    with caplog.at_level("INFO", "actors.upkeep"):
        prune_jobs.fn()
    assert [] == caplog.messages
