"""Telling publishers what was decided on a comment. No transaction is open while a publisher is told."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime

from osmod.moderation.database import open_session
from osmod.moderation.models import now
from osmod.moderation.publishing.claiming import Claimed, claim
from osmod.moderation.publishing.overview import due_of
from osmod.moderation.publishing.settling import Outcome, settle
from osmod.moderation.work import transact
from osmod.publishers import BadPublisherConfig, News, NotTold, PublisherGone, publisher_for
from osmod.task.engine import get_engine
from osmod.task.places import MOST, Place

_log = logging.getLogger(__name__)

Clock = Callable[[], datetime]


#: Seconds. What is left of a claim that took longer may be less than telling takes: another would tell it, too, and
#: what is newer before it.
LATEST = 30.0
#: Comments that are queued again when there is a place for them; most are, once one is told.
NEXT = 4 * MOST


def tell(comment_id: int, clock: Clock = now) -> list[int]:
    """Tell what is to be told of a comment now, one decision after the other.

    A publisher that fails is no failure of this: when it is told again is in the delivery's row. Where enough threads
    tell the publisher already, nothing is told, and those return this comment when they are done.

    Returns: other comments that can be told now, and were turned away.

    Raises:
      OperationalError, InterfaceError: the database is away. What a publisher was told is told again, with the same
        id, once the claim has run out.
    """
    place = Place()
    try:
        while True:
            asked = time.monotonic()
            claimed = _claim(comment_id, clock(), place)
            if claimed is None:
                break
            began = time.monotonic()
            if began - asked > LATEST:
                continue  # it runs out by itself
            outcome = _attempt(claimed, began)
            state = _settle(claimed, outcome, clock())
            _say(claimed, outcome, state)
    finally:
        missed = place.leave()
    return [other for owner in missed for other in _turned_away(owner, clock())]


def _turned_away(owner_id: int, moment: datetime) -> list[int]:
    with open_session(get_engine()) as session:
        found = due_of(session, owner_id, moment, NEXT)
    if found:
        Place.more_wait(owner_id)
    return found


def _claim(comment_id: int, moment: datetime, place: Place) -> Claimed | None:
    return transact(get_engine(), lambda work: claim(work.session, comment_id, moment, place.take)).value


def _settle(claimed: Claimed, outcome: Outcome, moment: datetime) -> str | None:
    return transact(get_engine(), lambda work: settle(work.session, claimed, outcome, moment)).value


def _attempt(claimed: Claimed, began: float) -> Outcome:
    def passed() -> int:
        return round((time.monotonic() - began) * 1000)

    news = News(claimed.message_id, claimed.event, claimed.moment, claimed.data)
    try:
        told = publisher_for(claimed.owner_id, claimed.group, claimed.extra).tell(news)
    except NotTold as error:
        return Outcome(
            passed(),
            error.status,
            str(error),
            error.answer,
            error.retry_after,
            away=error.away,
            gone=isinstance(error, PublisherGone),
        )
    except BadPublisherConfig as error:
        return Outcome(passed(), error=str(error))
    except Exception as error:  # noqa: BLE001
        # A registered publisher may raise anything; what is kept for operators is its class, the log has the rest.
        _log.exception("publisher %d failed to tell delivery %d", claimed.owner_id, claimed.delivery_id)
        return Outcome(passed(), error=f"{type(error).__name__}: see the worker's log")
    return Outcome(passed(), told.status, answer=told.answer)


def _say(claimed: Claimed, outcome: Outcome, state: str | None) -> None:
    """Log what an operator can do something about; the rest is in the attempts."""
    which = f"delivery {claimed.delivery_id} to publisher {claimed.owner_id}"
    if outcome.gone:
        _log.error(
            "publisher %d is disabled: %s; `osmod publishers enable %d` once it wants news again",
            claimed.owner_id,
            outcome.error,
            claimed.owner_id,
        )
    elif state == "failed":
        _log.error(
            "%s is given up: %s; `osmod publishers replay %d` tells it again",
            which,
            outcome.error,
            claimed.delivery_id,
        )
    elif outcome.error:
        _log.info("%s is tried again later: %s", which, outcome.error)
