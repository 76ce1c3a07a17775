"""The scheduler: whether `periodiq worker` sends what is due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from osmod.cli.checks.finding import Finding, error, ok, warning
from osmod.cli.checks.queue import loaded_actors, open_queue
from osmod.jobs.records.glance import length
from osmod.jobs.schedules.middleware import SchedulesMiddleware
from osmod.jobs.schedules.schedule import Schedule
from osmod.jobs.schedules.store import moment
from osmod.settings import Settings

#: For how long a slot may be due without having been sent.
LATE = timedelta(minutes=2)
_START = "start one with `periodiq worker`"


def check_scheduler(settings: Settings) -> Iterator[Finding]:
    """Whether a scheduler sent the last slot of each schedule that is not paused."""
    actors = loaded_actors()
    schedules = {
        name: actor.options["periodic"] for name, actor in actors.items() if "periodic" in actor.options
    }
    if settings.run_immediately or not settings.run_scheduled_tasks or not schedules:
        return
    with open_queue(settings) as broker:
        store = SchedulesMiddleware().store(broker)
        records = {name: store.read(name) for name in schedules}
    yield judge(schedules, records, datetime.now(UTC))


def judge(schedules: dict[str, Schedule], records: dict[str, dict[str, str]], now: datetime) -> Finding:
    """What the records say of each schedule's last slot; see `osmod.jobs.schedules.store`."""
    if not any(records.values()):
        return warning(f"no scheduler has run yet: {_START}.")
    late = {
        name: now - due
        for name, schedule in schedules.items()
        if (due := _due(schedule, records[name])) is not None and now - due > LATE
    }
    if not late:
        return ok("the scheduler sends what is due")
    longest = max(late, key=lambda name: late[name])
    others = f" and {len(late) - 1} more" if len(late) > 1 else ""
    return error(
        f"no scheduler is at work: {longest}{others} should have been sent {length(late[longest])} ago: {_START}; "
        "`osmod schedules list` shows what is due."
    )


def _due(schedule: Schedule, record: dict[str, str]) -> datetime | None:
    """The first slot after those that are settled. None while it is paused, or unknown to any scheduler."""
    settled = [found for field in ("since", "last_slot") if (found := moment(record.get(field)))]
    if not settled or record.get("paused") == "1":
        return None
    return schedule.next_after(max(settled))
