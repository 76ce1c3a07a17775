"""What a broker needs for schedules: the `periodic` option, its scheduler, and a record of every run."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dramatiq import Actor, Broker, Middleware
from dramatiq.middleware import MiddlewareError, SkipMessage

from osmod.jobs.durations import parse_duration
from osmod.jobs.schedules import command
from osmod.jobs.schedules.schedule import Schedule
from osmod.jobs.schedules.scheduler import IsOpen, Scheduler
from osmod.jobs.schedules.store import Store
from osmod.jobs.wire.links import Links
from osmod.jobs.wire.moving_routes import route_of

_log = logging.getLogger(__name__)

#: Seconds before each further try to record the end of a run.
_PATIENCE = (0.05, 0.2, 1.0)


class NotASchedule(MiddlewareError, TypeError):
    """An actor's `periodic` is neither `every(…)` nor `cron(…)`."""


@dataclass
class _Attempt:
    """A run of this process that has begun."""

    began: float
    retries: int
    outcome: str = "skipped"  # empty: nothing to record
    duration: timedelta | None = None
    error: str = ""


class SchedulesMiddleware(Middleware):
    """Lets actors be periodic: `@dramatiq.actor(periodic=every("6 hours"))`.

    In `periodiq worker` it brings our scheduler in the place of periodiq's. In workers it records when a
    schedule's runs began and how they ended, which frees the schedule for its next run.

    Parameters:
      enabled: False makes `periodiq worker` say that schedules are off and schedule nothing.
      skip_delay: a run that waited longer than this (a duration; a number is milliseconds) is skipped and
        recorded so. Default None: a run held up in a backlog still runs.
      is_open: `is_open(broker, queue_name, message_id)` says whether that job still waits or runs. With it a
        schedule whose job was cancelled or purged is free at once, without it after `outstanding_limit`.
      lease: how long a scheduler has to send a slot that it took, before another may. Default 15 seconds.
      outstanding_limit: for how long a run that says nothing holds up the next ones. Default 1 day.
    """

    def __init__(
        self,
        *,
        enabled: bool = True,
        skip_delay: str | float | timedelta | None = None,
        is_open: IsOpen | None = None,
        lease: str | float | timedelta = "15 seconds",
        outstanding_limit: str | float | timedelta = "1 day",
    ) -> None:
        self.enabled = enabled
        self.skip_delay = None if skip_delay is None else parse_duration(skip_delay)
        self.is_open = is_open
        self.lease = parse_duration(lease)
        self.outstanding_limit = parse_duration(outstanding_limit)
        self._stores: dict[int, Store] = {}
        self._attempts: dict[str, _Attempt] = {}
        self._lock = threading.Lock()
        command.install(_scheduler)

    @staticmethod
    def of(broker: Broker) -> SchedulesMiddleware:
        """Return the one of a broker.

        Raises:
          LookupError: it has none.
        """
        for middleware in broker.middleware:
            if isinstance(middleware, SchedulesMiddleware):
                return middleware
        raise LookupError("The broker has no SchedulesMiddleware: add one to its middleware.")

    @property
    def actor_options(self) -> set[str]:
        """`periodic` on actors; `scheduled_at` is the slot that a message was sent for."""
        return {"periodic", "scheduled_at"}

    def store(self, broker: Any) -> Store:
        """Return the store of a broker on Redis.

        Raises:
          LookupError: it is on something else.
        """
        with self._lock:
            found = self._stores.get(id(broker))
            if found is None:
                if not hasattr(broker, "client"):
                    raise LookupError("Schedules need a broker on Redis.")
                # Dramatiq's own broker has none.
                links = getattr(broker, "links", None) or Links(route_of(broker.client))
                found = Store(
                    links, broker.namespace, lease=self.lease, outstanding_limit=self.outstanding_limit
                )
                self._stores[id(broker)] = found
            return found

    def scheduler(self, actors: Iterable[Actor[Any, Any]], **options: Any) -> Scheduler:
        """Return a scheduler of actors of one broker, as `periodiq worker` runs it; `options` are its own.

        Raises:
          LookupError: their broker is not on Redis.
        """
        periodic = [actor for actor in actors if actor.options.get("periodic") is not None]
        store = self.store(periodic[0].broker)
        return Scheduler(periodic, store, is_open=self.is_open, **options)

    # Declaration

    def before_declare_actor(self, broker: Broker, actor: Actor[Any, Any]) -> None:
        """Refuse what is no schedule, at import.

        Raises:
          NotASchedule: the actor's `periodic` is something else.
        """
        periodic = actor.options.get("periodic")
        if periodic is not None and not isinstance(periodic, Schedule):
            raise NotASchedule(
                f"{actor.actor_name}: periodic must be every(…) or cron(…) of osmod.jobs.schedules, "
                f"not {periodic!r}."
            )

    # Runs

    def before_process_message(self, broker: Broker, message: Any) -> None:
        """Record that a run begins.

        Raises:
          SkipMessage: it waited too long, or was sent twice.
        """
        if not self._is_periodic(broker, message):
            return
        self._attempts[message.message_id] = _Attempt(time.monotonic(), message.options.get("retries", 0))
        scheduled_at = message.options.get("scheduled_at")
        if scheduled_at and self.skip_delay is not None:
            waited = datetime.now(UTC) - datetime.fromisoformat(scheduled_at)
            if waited > self.skip_delay:
                _log.warning("Skipping %s: it waited for %s.", message, waited)
                raise SkipMessage(f"waited for {waited}")
        try:
            first = self.store(broker).begin(message.actor_name, message.message_id, datetime.now(UTC))
        except Exception as error:  # noqa: BLE001 - a record that cannot be kept stops no run
            _log.warning("The beginning of %s was not recorded: %s", message, error)
            return
        if not first:
            self._attempts[message.message_id].outcome = ""
            _log.info("Skipping %s: it was sent twice and is done.", message)
            raise SkipMessage("it was sent twice and is done")

    def after_process_message(
        self, broker: Broker, message: Any, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        """Note how long the attempt took and what it raised; what that means is known when it is acked."""
        attempt = self._attempts.get(message.message_id)
        if attempt is not None:
            attempt.duration = timedelta(seconds=time.monotonic() - attempt.began)
            attempt.outcome = "done" if exception is None else "failed"
            attempt.error = "" if exception is None else f"{type(exception).__name__}: {exception}"

    def after_skip_message(self, broker: Broker, message: Any) -> None:
        """Note a run that another middleware skipped, perhaps before it came to this one."""
        if self._is_periodic(broker, message):
            self._attempts.setdefault(message.message_id, _Attempt(time.monotonic(), 0))

    def after_ack(self, broker: Broker, message: Any) -> None:
        """Record the end: done, skipped, or failed with a retry to come. A run that will begin anew has none."""
        attempt = self._attempts.pop(message.message_id, None)
        if attempt is not None and not getattr(message, "untouched", False):
            retried = attempt.outcome == "failed" and message.options.get("retries", 0) > attempt.retries
            self._record(broker, message, attempt, "retrying" if retried else attempt.outcome)

    def after_nack(self, broker: Broker, message: Any) -> None:
        """Record the end: failed for good."""
        attempt = self._attempts.pop(message.message_id, None)
        if attempt is not None:
            self._record(broker, message, attempt, "failed")

    def _record(self, broker: Broker, message: Any, attempt: _Attempt, outcome: str) -> None:
        if not attempt.outcome:
            return
        for wait in (*_PATIENCE, None):
            try:
                self.store(broker).finish(
                    message.actor_name,
                    message.message_id,
                    datetime.now(UTC),
                    outcome=outcome,
                    duration=attempt.duration,
                    error=attempt.error,
                    final=outcome != "retrying",
                )
            except Exception as error:  # noqa: BLE001 - the run is over, whatever its record says
                if wait is None:
                    _log.warning("The end of %s was not recorded: %s", message, error)
                    return
                time.sleep(wait)
            else:
                return

    def _is_periodic(self, broker: Broker, message: Any) -> bool:
        actor = broker.actors.get(message.actor_name)
        return actor is not None and bool(actor.options.get("periodic")) and hasattr(broker, "client")


def _scheduler(actors: list[Actor[Any, Any]]) -> Scheduler | command.Off | None:
    """What `periodiq worker` is to run; None where the actors' broker has no `SchedulesMiddleware`."""
    try:
        middleware = SchedulesMiddleware.of(actors[0].broker)
    except LookupError:
        return None
    return middleware.scheduler(actors) if middleware.enabled else command.Off()
