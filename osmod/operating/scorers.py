"""The scorers as operators see them: what is configured, where it goes without its key, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from osmod.jobs.gate import Breaker, GateState
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.glance import length
from osmod.jobs.steering.acts import promote
from osmod.jobs.steering.audit import note
from osmod.jobs.wire.queues import Queues
from osmod.moderation.models import CommentScoreRequest, User
from osmod.moderation.sending import oldest_open
from osmod.scorers import BadScorerConfig, Limits, Scorer, config_of, scorer_for
from osmod.scorers.config import asked_at
from osmod.task.requests import ask_id
from osmod.task.scorer_gates import gate_to_look_at

#: Whose audit log has what is done to scorers: the queue of the jobs that ask them.
QUEUE = "default"
#: Questions that are woken at most: a scorer takes longer over so many than the others wait for.
WOKEN = 10_000
#: And at a time.
_STEP = 500


@dataclass(frozen=True)
class ScorerState:
    """One user of the group `moderator`.

    Attributes:
      type: its `endpointType`; empty where it has none that can be read.
      endpoint: the URL that it is asked at, without key; empty where there is none.
      scorer: what asks it; None: its config cannot be used, and `problem` says why.
      last_asked: when a request to it was opened last, if ever.
      gate: how asking it goes, over all processes; None where that was not looked at.
    """

    id: int
    name: str
    type: str
    is_active: bool
    endpoint: str
    scorer: Scorer | None
    problem: str
    last_asked: datetime | None
    gate: GateState | None = None

    @property
    def is_held_up(self) -> bool:
        """Whether it is asked less than its limits allow: it is away, refuses its key, or asked for a pause."""
        gate = self.gate
        return gate is not None and (gate.breaker is not Breaker.CLOSED or gate.paused_until is not None)

    @property
    def state(self) -> str:
        """`on`, `paused`, `open`, `half-open`, `refused`, `unusable` or `off`."""
        if not self.is_active:
            return "off"
        if self.problem:
            return "unusable"
        if not self.gate or not self.is_held_up:
            return "on"
        return "paused" if self.gate.breaker is Breaker.CLOSED else self.gate.breaker.value

    def why(self, moment: datetime) -> str:
        """Why it is not asked at a moment; empty if it is."""
        gate = self.gate
        if self.problem or not gate or not self.is_held_up:
            return self.problem
        if gate.breaker is Breaker.CLOSED:
            return f"it asked for a pause, of which {_until(gate.paused_until, moment)} are left"
        since = f"for {length(moment - gate.since)}" if gate.since else ""
        return f"{since}: {gate.why}; tried again in {_until(gate.next_probe, moment)}"

    @property
    def limits(self) -> Limits:
        """How much it may be asked, by all processes together."""
        return self.scorer.limits if self.scorer else Limits()

    @property
    def limited(self) -> str:
        """The same in words, `1 a second, 60 a minute, 8 at once`; empty where there are none."""
        limits = self.limits
        words = {"a second": limits.per_second, "a minute": limits.per_minute, "at once": limits.concurrency}
        return ", ".join(f"{most:,} {unit}" for unit, most in words.items() if most is not None)

    def as_dict(self) -> dict[str, Any]:
        """All of it in values that JSON has."""
        return {
            "id": self.id,
            "name": self.name,
            "type": self.type,
            "active": self.is_active,
            "endpoint": self.endpoint,
            "limits": vars(self.limits),
            "problem": self.problem,
            "last_asked": self.last_asked.isoformat() if self.last_asked else None,
            "gate": self.gate.as_dict() if self.gate else None,
        }


def scorer_states(session: Session) -> Iterator[ScorerState]:
    """All scorers, those that are switched off too, by id."""
    for user in session.scalars(select(User).where(User.group == "moderator").order_by(User.id)):
        yield _state(session, user)


def with_gates(queues: Queues, states: Iterable[ScorerState]) -> list[ScorerState]:
    """The same, each with how asking it goes.

    Raises:
      ServerError, redis.RedisError, OSError: Redis is away.
    """
    return [replace(one, gate=gate_to_look_at(queues, one.id).state()) for one in states]


def reopen(
    queues: Queues, session: Session, scorer_id: int, *, by: str | None = None, reason: str = ""
) -> int:
    """Have a scorer asked again at once, whatever it did before; the audit log keeps it.

    Returns how many questions that waited for it are asked now: see `wake`.

    Raises:
      ServerError, redis.RedisError, OSError: Redis is away.
    """
    gate_to_look_at(queues, scorer_id).reset()
    note(queues, "resume scorer", f"scorer={scorer_id}", queue=QUEUE, by=by, reason=reason)
    return wake(queues, session, scorer_id, by=by, reason=reason)


def wake(queues: Queues, session: Session, scorer_id: int, *, by: str | None = None, reason: str = "") -> int:
    """Have the questions that wait for a scorer come now, the oldest; how many. Its limits hold for them as ever.

    They were told to come when it would have been tried again, which may be minutes away: its key may be another since.
    What has a place in line keeps it.
    """
    woken = after = 0
    reason = reason or f"scorer {scorer_id} is asked again"
    # Of most of the oldest no job may wait: those that were given up stay open, too.
    while woken < WOKEN and (some := oldest_open(session, scorer_id, min(_STEP, WOKEN - woken), after)):
        after = some[-1].id
        ids = tuple(ask_id(one.id, one.sent_at) for one in some)
        woken += promote(queues, JobFilter(queue=QUEUE, ids=ids), by=by, reason=reason)
    return woken


def resumed(state: ScorerState, woken: int) -> str:
    """What came of having a scorer asked again, said of its state before."""
    how = "is asked again" if state.is_held_up else "was not held up"
    waited = "1 comment that waited has its" if woken == 1 else f"{woken:,} comments that waited have their"
    return f"{how}; {waited} turn now" if woken else how


def _state(session: Session, user: User) -> ScorerState:
    scorer, problem = None, ""
    config: Mapping[str, Any] = {}
    try:
        config = config_of(user.id, user.extra)
        scorer = scorer_for(user.id, user.extra)
    except BadScorerConfig as error:
        problem = str(error)
    newest = select(func.max(CommentScoreRequest.id)).where(CommentScoreRequest.user_id == user.id)
    sent_at = select(CommentScoreRequest.sent_at).where(CommentScoreRequest.id == newest.scalar_subquery())
    return ScorerState(
        id=user.id,
        name=user.name,
        type=_text(config, "endpointType"),
        is_active=user.is_active,
        endpoint=asked_at(config),
        scorer=scorer,
        problem=problem,
        last_asked=session.scalar(sent_at),
    )


def _until(then: datetime | None, moment: datetime) -> str:
    return length(max(then - moment, timedelta())) if then else "no time"


def _text(config: Mapping[str, Any], field: str) -> str:
    value = config.get(field)
    return value if isinstance(value, str) else ""
