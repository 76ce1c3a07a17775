"""The scheduler's loop: every slot of every schedule, sent once, by whichever scheduler is first."""

from __future__ import annotations

import logging
import signal
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from dramatiq import Actor, Broker, Message
from dramatiq.middleware.middleware import MiddlewareError

from osmod.jobs.schedules.plan import Plan, backoff
from osmod.jobs.schedules.schedule import Schedule
from osmod.jobs.schedules.signs import SignsOfLife
from osmod.jobs.schedules.store import Answer, Claim, Store, moment
from osmod.jobs.schedules.wallclock import Clock
from osmod.jobs.wire.complaints import Complaints
from osmod.jobs.worker.signals import STOPPING, Latch, StopRequests

_log = logging.getLogger(__name__)

#: `is_open(broker, queue_name, message_id)`: whether a job still waits or runs; None if that is not known.
IsOpen = Callable[[Broker, str, str], bool | None]

#: What a broker raises for a message that it will never take; everything else is tried again.
_REFUSALS = (MiddlewareError, TypeError, ValueError)
_LATE = timedelta(hours=1)
_CLOCK_BACK = timedelta(minutes=1)
_BUSY_WAIT = timedelta(seconds=1)
_LONGEST_WAIT = timedelta(seconds=10)
_SLOT_IDS = uuid.UUID("5f0c2f5e-5d0b-4c0b-9d3a-3c8f2f1f7a10")


class Scheduler:
    """Sends the periodic actors of one broker; any number of these may run.

    `SchedulesMiddleware.scheduler` makes one, which `periodiq worker` runs (see `osmod.jobs.schedules.command`).
    `step` does what is due; `loop` calls it until told to stop. It holds no state that matters: what is settled
    stands in Redis.

    Parameters:
      actors: the broker's periodic ones, one at least.
      is_open: as in `SchedulesMiddleware`.
      owner: by what this scheduler is told from others.
    """

    def __init__(
        self,
        actors: Sequence[Actor[Any, Any]],
        store: Store,
        *,
        is_open: IsOpen | None = None,
        clock: Clock | None = None,
        owner: str | None = None,
    ) -> None:
        self._actors, self._store = actors, store
        self._broker: Any = actors[0].broker
        self._is_open, self._clock = is_open, clock or Clock()
        self._complaints = Complaints()
        self.signs = SignsOfLife(store, self._clock, self._complaints)
        self._owner = owner or uuid.uuid4().hex
        self._started = self._latest = self._clock.now()
        self._plans: list[Plan] | None = None
        self._registered, self._failures = False, 0
        self._stop = Latch()

    def schedule(self) -> None:
        """Do nothing: all is done in `loop`, before which periodiq calls this."""

    def loop(self) -> None:
        """Run until `stop` or a signal, see docs/signals.md."""
        if threading.current_thread() is threading.main_thread():
            StopRequests(lambda number, frame: self.stop()).listen(*STOPPING, signal.SIGINT)
        while not self._stop.is_set():
            wake = self.step()
            self.signs.give()
            wait = min(wake - self._clock.now(), _LONGEST_WAIT)
            self._stop.wait(max(0.0, wait.total_seconds()))
        _log.info("Scheduler stopped.")

    def stop(self) -> None:
        """Let `loop` end after what it is doing."""
        self._stop.set()

    def step(self) -> datetime:
        """Send what is due and return the moment at which there is something to do again.

        What goes wrong is logged and tried again; nothing is raised.
        """
        now = self._clock.now()
        if now < self._latest - _CLOCK_BACK:
            _log.warning("The clock went back from %s to %s.", self._latest, now)
            self._plans, self._started = None, now
        self._latest = now
        try:
            plans = self._ready(now)
        except Exception as error:  # noqa: BLE001 - a scheduler stays up whatever happens
            self._failures += 1
            if not self._complaints.heard(None, error):
                _log.warning("Could not register the schedules, trying again: %s", error)
            return now + backoff(self._failures)
        self._failures = 0
        self._complaints.over(None)
        for plan in sorted(plans, key=lambda one: one.wake):
            self._run(plan)
        return min((plan.wake for plan in plans), default=now + _LONGEST_WAIT)

    def _ready(self, now: datetime) -> list[Plan]:
        """Return the plans, once Redis knows of the schedules."""
        schedules = {actor.actor_name: actor.options["periodic"] for actor in self._actors}
        if self._plans is None or not self._registered:
            since = self._started if self._plans is None else now
            for name in self._store.register(schedules, since):
                _log.info("Schedule %s is no more: removed.", name)
            self._registered = True
        if self._plans is None:
            plans = []
            for actor in self._actors:
                schedule = schedules[actor.actor_name]
                due = self._first_due(actor.actor_name, schedule, self._started)
                plans.append(Plan(actor, schedule, due, due, looked_back=due <= self._started))
            self._plans = plans
        return self._plans

    def _first_due(self, name: str, schedule: Schedule, now: datetime) -> datetime:
        """Return the first slot to send for a scheduler that begins, or wakes up, at `now`.

        A slot that someone began to send and did not settle is finished. A slot still lasts its minute (its
        second, if it has seconds): a restart is no outage. Beyond that only `catch_up` looks back, to the
        last slot that was missed.
        """
        record = self._store.read(name)
        claimed = moment(record.get("claim_slot"))
        if claimed is not None and now - _LATE < claimed <= now:
            return claimed
        settled = max(
            filter(None, [moment(record.get("since")), moment(record.get("last_slot"))]), default=now
        )
        if settled < now:
            start = settled if schedule.catch_up else max(settled, now - schedule.grain)
            missed = schedule.last_between(start, now)
            if missed is not None:
                return missed
        return schedule.next_after(now)

    def _run(self, plan: Plan) -> None:
        """Settle the slots of one schedule that are due, or note when to try again."""
        while plan.wake <= (now := self._clock.now()) and not self._stop.is_set():
            try:
                if now - plan.due > _LATE and not plan.looked_back:
                    self._look_back(plan, now)
                if plan.due > now:
                    return
                settled = self._settle(plan, now)
                self._complaints.over(plan.actor.actor_name)
                if not settled:
                    return
                plan.failures = 0
            except Exception as error:  # noqa: BLE001 - a scheduler stays up whatever happens
                plan.failed(now)
                name = plan.actor.actor_name
                if not self._complaints.heard(name, error):
                    _log.warning("Could not send %s for %s, trying again: %s", name, plan.due, error)

    def _look_back(self, plan: Plan, now: datetime) -> None:
        """Leave slots of more than an hour ago.

        If Redis was away the last slot is still sent. If this process stood still, the slots were missed as
        if no scheduler had been up.
        """
        old, name = plan.due, plan.actor.actor_name
        if plan.failures:
            plan.due = plan.schedule.last_between(old, now) or old
        else:
            plan.due = self._first_due(name, plan.schedule, now)
        plan.looked_back = plan.due <= now
        if plan.due > old:
            _log.warning("Slots of %s from %s to before %s were missed.", name, old, plan.due)

    def _settle(self, plan: Plan, now: datetime) -> bool:
        """Bring one slot to an end; False if that has to wait."""
        name = plan.actor.actor_name
        claim = Claim(name, plan.schedule, plan.due, self._owner, now, self._message_id(name, plan.due))
        answer, detail = self._claim(plan, claim)
        if answer is Answer.UNKNOWN:
            _log.warning("Redis has lost the schedules, registering them again.")
            self._registered = False
            plan.try_at = now
            self._ready(now)
            return True
        if answer is Answer.BUSY:
            plan.try_at = min(moment(detail) or now, now + _BUSY_WAIT)
            return False
        if answer in (Answer.REMOVED, Answer.CHANGED):
            _log.warning("%s was %s by a scheduler started later: leaving it alone.", name, answer)
            plan.due = plan.try_at = datetime.max.replace(tzinfo=UTC)
            return False
        if answer is Answer.CLAIMED:
            self._send(plan, claim)
        elif answer is Answer.OVERLAP:
            _log.info("%s for %s is left out: the run before it is not done.", name, plan.due)
        plan.due = plan.try_at = plan.schedule.next_after(plan.due)
        plan.looked_back = False
        return True

    def _claim(self, plan: Plan, claim: Claim) -> tuple[Answer, str]:
        answer, detail = self._store.claim(claim, only_ask=self._is_open is not None)
        if answer is Answer.OVERLAP and self._is_open is not None:
            gone = detail if self._is_open(self._broker, plan.actor.queue_name, detail) is False else ""
            answer, detail = self._store.claim(claim, gone=gone)
        return answer, detail

    def _send(self, plan: Plan, claim: Claim) -> None:
        message: Message[Any] = plan.actor.message_with_options(scheduled_at=claim.slot.isoformat())
        try:
            self._broker.enqueue(replace(message, message_id=claim.message_id))
        except _REFUSALS as error:
            _log.exception("%s for %s was refused.", claim.name, claim.slot)
            self._store.settle(claim, error=f"{type(error).__name__}: {error}")
            return
        self._store.settle(claim)
        _log.info("Scheduled %s for %s.", claim.name, claim.slot.isoformat())

    def _message_id(self, name: str, slot: datetime) -> str:
        """Return the one id that every scheduler gives to the message of a slot."""
        return str(uuid.uuid5(_SLOT_IDS, f"{self._broker.namespace}/{name}/{slot.timestamp():.0f}"))
