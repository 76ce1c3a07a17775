"""The environment."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator

from osmod.cli.checks.finding import Finding, ok, warning
from osmod.settings import DATABASE_PARTS, Settings, masked

#: Every variable that is read. A test compares it with `osmod.settings`.
KNOWN = {
    "REDIS_URL",
    "DATABASE_URL",
    *(f"DATABASE_{part}" for part in DATABASE_PARTS),
    "WORKER_RUN_IMMEDIATELY",
    "WORKER_REMOVE_TASK_ON_COMPLETE",
    "WORKER_TASK_TTL",
    "WORKER_RUN_SCHEDULED_TASKS",
    "WORKER_RULES_OVERRIDE_MODERATORS",
    "WORKER_DEFER_UNSCORED",
    "WORKER_SCORERS_AT_ONCE",
    "REQUIRE_REASON_TO_REJECT",
    *("WORKER_KUE", "KUE_URL", "KUE_PREFIX"),
    "LOG_FORMAT",
    "LOG_LEVEL",
    "API_URL",
    "OSMOD_CORS_ORIGINS",
    "OSMOD_PRIVATE_WEBHOOKS",
    *("OSMOD_METRICS", "OSMOD_METRICS_OPEN", "OSMOD_METRICS_HOST", "OSMOD_METRICS_PORT"),
    "OSMOD_HOME",
}
_OURS = ("WORKER_", "DATABASE_", "KUE_", "OSMOD_")


def check_settings(settings: Settings) -> Iterator[Finding]:
    """What was read, and variables that look like ours but are not read by anything."""
    yield ok(f"queue {masked(settings.redis_url)}")
    yield ok(f"database {masked(settings.database_url)}")
    if settings.run_immediately:
        yield warning(
            "WORKER_RUN_IMMEDIATELY is on: tasks run inside `send`, and nothing reaches the queue; "
            "unset it in production."
        )
    if os.environ.get("DATABASE_URL") and any(os.environ.get(f"DATABASE_{part}") for part in DATABASE_PARTS):
        yield warning("DATABASE_URL is used; DATABASE_HOST and the others are set too and are not read.")
    for name in sorted(os.environ):
        if name.startswith(_OURS) and name not in KNOWN:
            meant = difflib.get_close_matches(name, KNOWN, 1)
            yield warning(f"{name} is not read by anything" + (f": {meant[0]}?" if meant else "."))
