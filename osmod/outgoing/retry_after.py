"""`Retry-After` (RFC 9110, 10.2.3): when somebody who refused wants to be asked again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

#: Seconds. Nobody makes us wait for longer.
MOST = 24 * 3600.0


def seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """How long to wait, 0 to a day; None where the answer does not say, or says nothing that can be read.

    Parameters:
      headers: with lower-case names, as those of an `Answer`.
      now: an aware moment.
    """
    value = headers.get("retry-after", "").strip()
    wait = float(value) if re.fullmatch(r"[0-9]{1,20}", value) else _until(value, now)
    return wait if wait is None else min(max(wait, 0.0), MOST)


def _until(value: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
