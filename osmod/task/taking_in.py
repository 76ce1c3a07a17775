"""Taking in comments from a publisher: committed first; then, where there is a queue, sent for scoring."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from sqlalchemy.exc import IntegrityError

from osmod.moderation.incoming import IncomingComment
from osmod.moderation.intake import Taken, take_in
from osmod.moderation.work import Committed, transact
from osmod.publishers import update_notifications
from osmod.task.at_once import scorers_may_fail
from osmod.task.engine import get_engine
from osmod.task.outbox import deliver

#: Seconds for which jobs stay in the outbox, without asking the queue, once it could not be reached.
PAUSE = 10.0


class Intake:
    """Takes comments in. Without Redis they are stored all the same, and sent for scoring by a later sweep."""

    def __init__(self) -> None:
        self._away_until = 0.0

    def take(self, comments: Sequence[IncomingComment], owner_id: int | None = None) -> dict[str, Taken]:
        """Store comments, each id once, in one transaction. Returns what became of each, by its id.

        Parameters:
          owner_id: the user to whom new ones belong.

        Raises:
          OperationalError, InterfaceError: the database is away; nothing was stored.
        """
        committed = _commit(comments, owner_id)
        assert committed.value is not None
        if time.monotonic() >= self._away_until:
            self._tell(committed)
        return committed.value

    def _tell(self, committed: Committed[dict[str, Taken]]) -> None:
        broker = dramatiq.get_broker()
        if isinstance(broker, RedisBroker):
            if deliver(committed.owed) < len(committed.owed):
                self._away_until = time.monotonic() + PAUSE
            else:
                update_notifications.publish(broker, committed.changes)
            return
        for job in committed.owed:  # they run here and now
            with scorers_may_fail():
                deliver([job])


def _commit(comments: Sequence[IncomingComment], owner_id: int | None) -> Committed[dict[str, Taken]]:
    # Each time that it loses, somebody else has stored a comment, an article or a category: the next try finds it.
    for _ in range(3 * len(comments)):
        with suppress(IntegrityError):
            return transact(get_engine(), lambda work: take_in(work, comments, owner_id))
    return transact(get_engine(), lambda work: take_in(work, comments, owner_id))
