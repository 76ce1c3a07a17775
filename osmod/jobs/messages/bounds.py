"""What Redis and the queue's scripts can hold, so that nothing else is ever sent to them."""

from __future__ import annotations

import math
import re
from typing import Any

from dramatiq.common import q_name

from osmod.jobs.errors import InvalidOption

#: Milliseconds in a hundred years: more than anything is to wait or to be kept.
LONGEST = 3_155_760_000_000
#: The last millisecond of the year 9999: nothing is due later.
LATEST = 253_402_300_799_999

#: What stands in the place of a queue's name in keys that belong to no queue: those of all worker processes, and,
#: with a name behind it, those of a rate limit, and of the gate to an outside service.
WORKERS_NAME, RATE_PREFIX, GATE_PREFIX = "workers", "rate:", "gate:"
#: Braces mark the part of a key that decides its place in a Cluster.
_QUEUE_NAME = re.compile(r"[^\s{}\x00-\x1f\x7f\ud800-\udfff]+")


def check_span(**options: Any) -> None:
    """Refuse options that are no number of milliseconds, or negative, or more than a hundred years.

    Raises:
      InvalidOption: names the option.
    """
    for name, value in options.items():
        if not _is_number(value) or not 0 <= value <= LONGEST:
            raise InvalidOption(
                f"{name}={value!r}: expected a number from 0 to {LONGEST} (milliseconds in a hundred years)"
            )


def check_count(name: str, value: Any, most: int, of: str) -> None:
    """Refuse an option that is no whole number from 1 to `most`; `of` says what is counted.

    Raises:
      InvalidOption: names the option.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise InvalidOption(f"{name}={value!r}: expected a whole number from 1 to {most}, {of}")


def bounded_delay(value: Any, now: int) -> int | None:
    """A delay in milliseconds from `now` on, or None. What would be due after the year 9999 is due at its end.

    Raises:
      InvalidOption: it is no number, or one that 64 bits cannot hold.
    """
    if value is None:
        return None
    if not _is_number(value) or value >= 2**63:
        raise InvalidOption(f"delay={value!r}: expected milliseconds")
    return int(min(value, LATEST - now))


def check_moment(name: str, value: Any) -> None:
    """Refuse what is no millisecond of the epoch, or one after the year 9999.

    Raises:
      InvalidOption: names the option.
    """
    if not _is_number(value) or value > LATEST:
        raise InvalidOption(
            f"{name}={value!r}: expected milliseconds, to be due no later than in the year 9999"
        )


def check_text(name: str, value: str) -> None:
    """Refuse a text that cannot be written as UTF-8.

    Raises:
      InvalidOption: names the option.
    """
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidOption(
            f"{name}={value!r}: character {error.start} is half of a surrogate pair, which no UTF-8 has; "
            "replace it, for instance by text.encode('utf-8', 'replace').decode()"
        ) from None


def check_queue_name(name: str) -> None:
    """Refuse a name that cannot be part of a queue's keys, or whose keys are somebody else's.

    Raises:
      InvalidOption: it is empty, or holds braces, blanks, control characters or half a surrogate pair; or it
        stands in keys of ours that belong to no queue.
    """
    if q_name(name) == WORKERS_NAME or name.startswith((RATE_PREFIX, GATE_PREFIX)):
        raise InvalidOption(
            f"queue name {name!r}: its keys are those of the workers' signs of life, or of a rate limit or a gate; "
            "choose another name"
        )
    if not _QUEUE_NAME.fullmatch(name):
        raise InvalidOption(
            f"queue name {name!r}: expected at least one character, and no braces, blanks, line ends or other "
            "control characters"
        )


def bounded_wait(millis: float) -> int:
    """A computed wait within what can be held: what is no number is no wait, what is too long the longest."""
    return int(min(max(0, millis), LONGEST))


def _is_number(value: Any) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole or (isinstance(value, float) and math.isfinite(value))
