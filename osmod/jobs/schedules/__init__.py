"""Schedules of periodic actors: `@dramatiq.actor(periodic=every("6 hours"))`."""

from osmod.jobs.schedules.cron import cron
from osmod.jobs.schedules.intervals import every
from osmod.jobs.schedules.middleware import NotASchedule, SchedulesMiddleware
from osmod.jobs.schedules.schedule import Schedule
from osmod.jobs.schedules.steering import (
    ScheduleBusy,
    ScheduleState,
    UnknownSchedule,
    list_schedules,
    pause,
    resume,
    run_now,
)

__all__ = [
    "NotASchedule",
    "Schedule",
    "ScheduleBusy",
    "ScheduleState",
    "SchedulesMiddleware",
    "UnknownSchedule",
    "cron",
    "every",
    "list_schedules",
    "pause",
    "resume",
    "run_now",
]
