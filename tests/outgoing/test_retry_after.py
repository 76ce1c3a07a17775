"""When somebody who refused wants to be asked again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from osmod.outgoing.retry_after import seconds

NOW = datetime(2026, 11, 27, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wait", "value"),
    [
        (120, "120"),
        (0, "0"),
        (7, " 7 "),
        (90, "Fri, 27 Nov 2026 12:01:30 GMT"),
        (90, "Friday, 27-Nov-26 12:01:30 GMT"),
        (90, "Fri Nov 27 12:01:30 2026"),
        (30, "Fri, 27 Nov 2026 13:00:30 +0100"),
        (0, "Fri, 27 Nov 2026 11:00:00 GMT"),
        (86400, "999999"),
        (86400, "Fri, 27 Nov 2099 12:00:00 GMT"),
        (None, "-1"),
        (None, "1.5"),
        (None, "soon"),
        (None, ""),
        (None, "9" * 5000),
        (None, "Fri, 99 Nov 2026 12:00:00 GMT"),
    ],
)
def test_both_forms(wait: float | None, value: str) -> None:
    """Seconds, or a moment; never in the past, never more than a day; what cannot be read says nothing."""
    assert wait == seconds({"retry-after": value}, NOW)


def test_it_may_be_missing() -> None:
    """Then nothing is known."""
    assert seconds({}, NOW) is None
