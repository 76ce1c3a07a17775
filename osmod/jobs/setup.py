"""The broker of this process, made from the settings."""

from __future__ import annotations

from typing import Any

import dramatiq
from dramatiq import Broker, broker
from dramatiq.middleware import (
    AgeLimit,
    AsyncIO,
    Callbacks,
    CurrentMessage,
    Middleware,
    Pipelines,
    Retries,
)

from osmod.jobs.broker import JobBroker
from osmod.jobs.inline import InlineBroker
from osmod.jobs.logs.handlers import of_command, take_over
from osmod.jobs.middleware.control import JobControl
from osmod.jobs.middleware.outcomes import OutcomeLog
from osmod.jobs.middleware.ratelimit import RateLimits
from osmod.jobs.middleware.shutdown import ShutdownNotifications
from osmod.jobs.middleware.timelimit import TimeLimit
from osmod.jobs.preflight import check_redis_url, end_unless_usable
from osmod.jobs.schedules.middleware import SchedulesMiddleware
from osmod.jobs.states import JobState
from osmod.settings import Settings, get_settings

#: How often an actor without a policy of its own is retried.
MAX_RETRIES = 12


_OPEN = (JobState.WAITING, JobState.DELAYED, JobState.ACTIVE)


def ensure_broker() -> Broker:
    """The process's broker: the one already set, or one made from the settings. Opens no connection.

    A process of Dramatiq's or periodiq's command, whichever module it was told to load, ends here unless it can
    work on jobs; its log has our form from then on.

    Raises:
      SettingsError: the environment cannot be used; it names every variable at fault.
    """
    if broker.global_broker is None:
        if of_command():
            end_unless_usable()
        settings = get_settings()
        take_over(settings.log_format, settings.log_level)
        dramatiq.set_broker(make_broker(settings))
    return dramatiq.get_broker()


def make_broker(settings: Settings) -> Broker:
    """A broker on Redis, or one that runs tasks where they are sent (`WORKER_RUN_IMMEDIATELY`).

    Raises:
      SettingsError: `REDIS_URL` is malformed.
    """
    if settings.run_immediately:
        return InlineBroker(known=default_middleware(settings))
    check_redis_url(settings.redis_url)
    return JobBroker(
        url=settings.redis_url,
        middleware=default_middleware(settings),
        remove_on_complete=settings.remove_task_on_complete,
    )


def default_middleware(settings: Settings) -> list[Middleware]:
    """Dramatiq's own, with the time limit in the place of Kue's TTL, and what the queue adds."""
    return [
        OutcomeLog(done=bool(settings.log_level)),
        AgeLimit(),
        TimeLimit(time_limit=settings.task_ttl),
        ShutdownNotifications(),
        RateLimits(),
        Callbacks(),
        Pipelines(),
        Retries(max_retries=MAX_RETRIES),
        CurrentMessage(),
        JobControl(),
        AsyncIO(),
        SchedulesMiddleware(enabled=settings.run_scheduled_tasks, is_open=_is_open),
    ]


def _is_open(broker: Broker, queue_name: str, message_id: str) -> bool:
    """Whether a job still waits or runs: one that was cancelled or purged holds up no schedule."""
    assert isinstance(broker, JobBroker), "schedules need the queue"
    state: Any = broker.client.hget(f"{broker.key_base(queue_name).decode()}job:{message_id}", "state")
    return state is not None and JobState(state.decode()) in _OPEN
