"""Whether an act was done a moment ago: who sends a form twice is shown the second answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from osmod.jobs.records.filters import JobFilter
from osmod.jobs.steering.acts import in_words
from osmod.jobs.steering.audit import audit_log
from osmod.jobs.wire.queues import Queues

#: For how long the same, asked for by the same person, is the same wish.
JUST = timedelta(minutes=1)
#: Acts looked at: others act meanwhile.
_LOOKED_AT = 50


def just_done(broker: Queues, act: str, wanted: JobFilter, *, by: str, reason: str = "") -> int | None:
    """How many jobs the same act of the same person on the same jobs has just changed; None: it was not done."""
    asked = (act, by, in_words(broker, wanted), reason)
    since = datetime.now(UTC) - JUST
    found = [
        one
        for one in audit_log(broker, limit=_LOOKED_AT)
        if (one.act, one.who, one.what, one.reason) == asked
        and one.at > since
        and one.count
        and not one.dry_run
    ]
    # Of several queues each has its part.
    return sum(one.count for one in found if one.id == found[0].id) if found else None
