"""Who scores: whether anybody does, whether each one's config can be used, and for how long Perspective is there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

from osmod.cli.checks.database import open_database
from osmod.cli.checks.finding import Finding, error, note, ok, warning
from osmod.cli.checks.queue import open_queue
from osmod.cli.queue_access import counted
from osmod.jobs.gate import Breaker
from osmod.jobs.records.glance import length
from osmod.operating.scorers import ScorerState, scorer_states, with_gates
from osmod.settings import Settings

#: The last day of Google's Perspective API, and for how many days before it is warned of.
LAST_DAY = date(2026, 12, 31)
WARNED_BEFORE = 60


def check_scorers(settings: Settings) -> Iterator[Finding]:
    """Who scores: the active users of the group `moderator`, and whether each one's config can be used."""
    with open_database(settings) as session:
        active = [state for state in scorer_states(session) if state.is_active]
    if not active:
        yield warning(
            "no scorer is active: every comment waits for a person; "
            "`osmod scorers add` makes one, `osmod scorers enable ID` has it asked."
        )
    for state in active:
        yield judge(state, datetime.now(UTC).date())


def check_gates(settings: Settings) -> Iterator[Finding]:
    """Whether the active scorers answer, as the processes that ask them have seen it."""
    if settings.run_immediately:
        return
    with open_database(settings) as session:
        active = [state for state in scorer_states(session) if state.is_active]
    with open_queue(settings) as queues:
        states = with_gates(queues, active)
    for state in states:
        yield judge_gate(state, datetime.now(UTC))


def judge_gate(state: ScorerState, now: datetime) -> Finding:
    """What its gate says of a scorer that is on."""
    who, gate = f"{state.name} (user {state.id})", state.gate
    assert gate is not None
    waiting = f"{counted(gate.waiting, 'question')} wait{'s' if gate.waiting == 1 else ''} for it"
    since = f"for {length(now - gate.since)}" if gate.since else ""
    if gate.breaker is Breaker.REFUSED:
        return error(
            f"{who} has refused its key {since}, {waiting} ({gate.why}): give it another by "
            f"`osmod scorers configure {state.id} --key`, and see with "
            f"`osmod scorers test TEXT --scorer {state.id}`, which has it asked again."
        )
    if gate.breaker is not Breaker.CLOSED:
        return warning(
            f"{who} has been away {since}, {waiting} ({gate.why}): see whether it is up; it is tried again by itself, "
            f"or at once by `osmod scorers resume {state.id}`."
        )
    if gate.paused_until is not None:
        return note(f"{who} asked for a pause, which ends in {length(gate.paused_until - now)}; {waiting}")
    return ok(
        f"{who}: {gate.last_minute:,} requests in the last minute, {gate.in_flight:,} under way, {waiting}"
    )


def judge(state: ScorerState, today: date) -> Finding:
    """What is to be said of a scorer that is on."""
    if state.problem:
        return error(f"{state.name}: {state.problem}")
    if _is_googles(state):
        left = (LAST_DAY - today).days
        who = f"{state.name} (user {state.id}) asks Google's Perspective API, which"
        how = "docs/moving-from-perspective.md says how to move to another."
        if left < 0:
            return error(f"{who} ended on {LAST_DAY:%d %B %Y}: {how}")
        if left <= WARNED_BEFORE:
            return warning(f"{who} ends on {LAST_DAY:%d %B %Y}, in {left} days: {how}")
    return ok(f"{state.name} (user {state.id})")


def _is_googles(state: ScorerState) -> bool:
    host = urlsplit(state.endpoint).hostname or ""
    return state.type == "perspective-api" and f".{host}".endswith(".googleapis.com")
