"""One attempt to tell a publisher a decision. Whatever comes of it can be noted: none is made again for ever."""

from __future__ import annotations

import logging
import time
from typing import Any

from osmod.moderation.models import whole
from osmod.moderation.publishing.claiming import Claimed
from osmod.moderation.publishing.settling import Outcome
from osmod.publishers import BadPublisherConfig, News, NotTold, PublisherGone, Told, told_by

_log = logging.getLogger(__name__)

#: Seconds. No publisher has itself left alone for longer.
LONGEST_PAUSE = 24 * 3600.0
#: Characters of what it said.
KEPT = 1_000
#: What is wrong with a row that somebody spoilt.
UNREADABLE = "its data in osmod_worker_deliveries is no JSON object"
#: What a column for a status holds.
_STATUSES = range(2**31)


async def attempt(claimed: Claimed, began: float) -> Outcome:
    """Tell a publisher a decision, and say what came of it.

    Parameters:
      began: when, by `time.monotonic`.
    """

    def passed() -> int:
        return round((time.monotonic() - began) * 1000)

    if claimed.data is None:
        return Outcome(passed(), error=UNREADABLE, hopeless=True)
    news = News(claimed.message_id, claimed.event, claimed.moment, claimed.data)
    try:
        told = await told_by(claimed.owner_id, claimed.group, claimed.extra, news)
    except NotTold as error:
        return _outcome(error, passed())
    except BadPublisherConfig as error:
        return Outcome(passed(), error=_text(error))
    except Exception as error:  # noqa: BLE001
        # A registered publisher may raise anything; what is kept for operators is its class, the log has the rest.
        _log.exception("publisher %d failed to tell delivery %d", claimed.owner_id, claimed.delivery_id)
        return Outcome(passed(), error=f"{type(error).__name__}: see the worker's log")
    return _outcome(told, passed())


def _outcome(said: Told | NotTold, milliseconds: int) -> Outcome:
    """What a publisher said, as far as it can be kept: a registered one may have put anything there."""
    status: Any = said.status
    answered = int(status) if isinstance(status, int) and status in _STATUSES else None
    answer = _text(said.answer or "")
    if isinstance(said, Told):
        return Outcome(milliseconds, answered, answer=answer)
    return Outcome(
        milliseconds,
        answered,
        _text(said),
        answer,
        _pause(said.retry_after),
        away=said.away,
        gone=isinstance(said, PublisherGone),
    )


def _text(said: object) -> str:
    return str(whole(str(said)[:KEPT]))


def _pause(seconds: Any) -> float | None:
    if seconds is None:
        return None
    try:
        return min(max(0.0, float(seconds)), LONGEST_PAUSE)  # in this order: what is no number becomes 0
    except (TypeError, ValueError):
        return None
