"""The publishers as operators see them, how each is told and what it has not heard, and what they do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, cast

from dramatiq import Broker
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from osmod.jobs.broker import JobBroker
from osmod.jobs.steering.audit import audit_log, note, whoever_asks
from osmod.moderation.models import now
from osmod.moderation.publishing import steering
from osmod.moderation.publishing.overview import Standing, publishers
from osmod.moderation.publishing.settling import PATIENCE
from osmod.moderation.publishing.steering import Replay
from osmod.moderation.work import transact
from osmod.publishers import BadPublisherConfig, publisher_for

T = TypeVar("T")


@dataclass(frozen=True)
class PublisherState:
    """One publisher.

    Attributes:
      told_by: `webhook`, or the group that a publisher is registered for; empty where there is neither.
      url: of its webhook, without what may be secret in it.
      state: `on`, `disabled`, `resting` (told nothing until a moment, because it failed) or `unusable`.
      why: what is wrong with it, in a sentence.
    """

    standing: Standing
    told_by: str
    url: str
    state: str
    why: str

    def as_dict(self) -> dict[str, Any]:
        """All of it in values that JSON has."""
        one = self.standing
        return {
            "id": one.owner_id,
            "name": one.name,
            "told_by": self.told_by,
            "url": self.url,
            "state": self.state,
            "why": self.why,
            **{state: one.sizes.get(state, 0) for state in ("waiting", "held", "failed")},
            **{
                name: moment.isoformat() if moment else None
                for name, moment in (
                    ("oldest", one.oldest),
                    ("delivered_at", one.delivered_at),
                    ("disabled_at", one.disabled_at),
                    ("paused_until", one.paused_until),
                )
            },
        }


def replay_deliveries(
    engine: Engine, queues: Broker, wanted: Replay, *, by: str | None = None, reason: str = ""
) -> int:
    """Have decisions told again. Returns how many; the audit log has it first, as it is nothing that can be undone."""
    count = _do(engine, lambda session: steering.replayable(session, wanted))
    if not count:
        return 0
    what = " ".join(map(str, wanted.ids)) or f"publisher {wanted.owner_id or 'any'}"
    write_down(queues, "replay deliveries", what, count, by, reason)
    return _do(engine, lambda session: steering.replay(session, wanted, now()))


def disable_publisher(
    engine: Engine, queues: Broker, owner_id: int, *, by: str | None = None, reason: str = ""
) -> bool:
    """Tell a publisher nothing from now on; what is decided is held for it. False: it was disabled before."""
    _find_log(queues)
    why = f"disabled by {by or whoever_asks()}" + (f": {reason}" if reason else "")
    if not _do(engine, lambda session: steering.disable(session, owner_id, why, now())):
        return False
    write_down(queues, "disable publisher", f"publisher {owner_id}", 1, by, reason)
    return True


def enable_publisher(
    engine: Engine, queues: Broker, owner_id: int, *, by: str | None = None, reason: str = ""
) -> int | None:
    """Tell a publisher again. Returns how many decisions were held for it; None: it was not disabled."""
    _find_log(queues)
    held = _do(engine, lambda session: steering.enable(session, owner_id, now()))
    if held is not None:
        write_down(queues, "enable publisher", f"publisher {owner_id}", 1, by, reason)
    return held


def tell_publishers(
    engine: Engine, queues: Broker, owner_id: int | None = None, *, by: str | None = None, reason: str = ""
) -> int:
    """Have what waits told now, of one publisher or of all. Returns how many decisions that is."""
    _find_log(queues)
    due = _do(engine, lambda session: steering.hasten(session, owner_id, now()))
    if due:
        write_down(queues, "tell publishers", f"publisher {owner_id or 'any'}", due, by, reason)
    return due


def _find_log(queues: Broker) -> None:
    """Meet a Redis that is away before anything is changed: an act that fails can be repeated then."""
    if isinstance(queues, JobBroker):
        audit_log(queues, limit=1)


def _do(engine: Engine, act: Callable[[Session], T]) -> T:
    """Act in a transaction."""
    return cast("T", transact(engine, lambda work: act(work.session)).value)


def write_down(queues: Broker, act: str, what: str, count: int, by: str | None, reason: str) -> None:
    """Write an act down where acts on jobs are; where tasks run at once there is no log."""
    if isinstance(queues, JobBroker):
        from actors import deliver_decision  # late: importing it declares all actors

        note(queues, act, what, queue=deliver_decision.queue_name, count=count, by=by, reason=reason)


def publisher_states(session: Session, moment: datetime) -> Iterator[PublisherState]:
    """Every publisher, by id."""
    for standing in publishers(session):
        yield _state_of(standing, moment)


def _state_of(one: Standing, moment: datetime) -> PublisherState:
    told_by, url, problem = _how(one)
    if one.disabled_at is not None:
        return PublisherState(one, told_by, url, "disabled", one.reason)
    if problem:
        return PublisherState(one, told_by, url, "unusable", problem)
    is_resting = one.paused_until is not None and one.paused_until > moment
    why = ""
    if one.failures >= (1 if is_resting else PATIENCE):
        many = "attempts" if one.failures > 1 else "attempt"
        why = f"{one.failures} {many} failed in a row: {one.reason}"
    return PublisherState(one, told_by, url, "resting" if is_resting else "on", why)


def _how(one: Standing) -> tuple[str, str, str]:
    """By what it is told, where, and why it cannot be."""
    told_by = "webhook" if one.extra.get("webhook") is not None else one.group
    try:
        if told_by != "webhook":
            publisher_for(one.owner_id, one.group, one.extra)
            return told_by, "", ""
        from osmod.publishers.webhook import read_config  # late: it loads httpx

        return told_by, read_config(one.owner_id, one.extra).shown_url, ""
    except BadPublisherConfig as error:
        return told_by, "", str(error)
