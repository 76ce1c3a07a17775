"""Who scores: whether anybody does, whether each one's config can be used, and for how long Perspective is there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

from osmod.cli.checks.database import open_engine
from osmod.cli.checks.finding import Finding, error, ok, warning
from osmod.cli.scorer_states import ScorerState, scorer_states
from osmod.moderation.database import open_session
from osmod.settings import Settings

#: The last day of Google's Perspective API, and for how many days before it is warned of.
LAST_DAY = date(2026, 12, 31)
WARNED_BEFORE = 60


def check_scorers(settings: Settings) -> Iterator[Finding]:
    """Who scores: the active users of the group `moderator`, and whether each one's config can be used."""
    with open_engine(settings) as engine, open_session(engine) as session:
        active = [state for state in scorer_states(session) if state.is_active]
    if not active:
        yield warning(
            "no scorer is active: every comment waits for a person; "
            "activate a user of the group `moderator` in `users`."
        )
    for state in active:
        yield judge(state, datetime.now(UTC).date())


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
