"""The tour of schedules: when an actor runs by itself, and what an operator can do about it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import dramatiq
import pytest

import actors  # noqa: F401 - so that the command line finds them declared
from osmod.jobs.broker import JobBroker
from osmod.jobs.schedules import cron, every
from osmod.jobs.setup import make_broker
from osmod.jobs.testing import drain
from osmod.settings import get_settings
from tests.tour.seeing import osmod


@pytest.fixture
def broker(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobBroker]:
    """The broker that the settings make: it knows schedules."""
    monkeypatch.setenv("REDIS_URL", redis_url)
    broker = make_broker(get_settings())
    assert isinstance(broker, JobBroker)
    dramatiq.set_broker(broker)
    yield broker
    broker.close()


def test_when_it_runs() -> None:
    """Intervals count from the clock, not from when a process began; crontabs may have a time zone."""
    noon = datetime(2026, 11, 27, 12, 1, tzinfo=UTC)

    assert every("6 hours").next_after(noon) == datetime(2026, 11, 27, 18, tzinfo=UTC)
    monday = cron("0 6 * * mon", tz="Europe/Amsterdam").next_after(noon)
    assert monday == datetime(2026, 11, 30, 6, tzinfo=ZoneInfo("Europe/Amsterdam"))


def test_a_schedule_of_your_own(broker: JobBroker) -> None:
    """`periodic=` on an actor. `periodiq worker` sends its runs; `osmod schedules` shows them, and runs one now."""
    swept: list[bool] = []

    @dramatiq.actor(actor_name="sweep", periodic=every("6 hours"))
    def sweep() -> None:
        swept.append(True)

    assert "sweep" in osmod("schedules", "list")
    osmod("schedules", "run", "sweep")

    assert drain() == 1
    assert swept


def test_hold_a_schedule(broker: JobBroker) -> None:
    """A paused schedule sends nothing until it is resumed, over restarts, too."""
    dramatiq.actor(actor_name="sweep", periodic=every("6 hours"))(lambda: None)

    osmod("schedules", "pause", "sweep")
    assert "paused" in osmod("schedules", "list")
    osmod("schedules", "resume", "sweep")

    assert "paused" not in osmod("schedules", "list")
