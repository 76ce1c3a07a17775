"""Schedules of periodic actors: `@dramatiq.actor(periodic=every("6 hours"))`."""

from osmod.jobs.schedules.cron import cron
from osmod.jobs.schedules.intervals import every
from osmod.jobs.schedules.schedule import Schedule

__all__ = ["Schedule", "cron", "every"]
