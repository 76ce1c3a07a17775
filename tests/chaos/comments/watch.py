"""Whether a scorer is asked about what it has answered: told from the moments of both."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Self

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from osmod.moderation.database import open_session
from osmod.moderation.models import CommentScoreRequest
from tests.chaos.comments.ends import request_of
from tests.moderation.world import World
from tests.scorers.fake import Fake

#: Seconds between two looks.
PAUSE = 0.25


class Watch:
    """Looks again and again which requests are answered in the database.

    Attributes:
      asked_twice: the questions that came when their answers were stored.
    """

    def __init__(self, world: World, scorer: Fake) -> None:
        self.asked_twice: list[str] = []
        self._world, self._scorer = world, scorer
        self._stored: set[int] = set()
        self._looked = time.monotonic()
        self._seen = 0
        self._looking = threading.Lock()
        self._failed: Exception | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()
        if self._failed is not None:
            raise self._failed

    def look(self) -> None:
        """Note the questions since the last look whose answers were stored then, and are now."""
        with self._looking:
            self._look()

    def _look(self) -> None:
        with open_session(self._world.engine) as session:
            done = select(CommentScoreRequest.id).where(CommentScoreRequest.done_at.is_not(None))
            stored = set(session.scalars(done))
        looked, asked = time.monotonic(), self._scorer.asked[self._seen :]
        self._seen += len(asked)
        self.asked_twice += [
            f"request {request_of(one)}, {one.at - self._looked:.2f} s after it was seen to be stored"
            for one in asked
            if one.at > self._looked and request_of(one) in self._stored & stored
        ]
        self._stored, self._looked = stored, looked

    def _run(self) -> None:
        try:
            while not self._over.wait(PAUSE):
                with suppress(
                    OperationalError
                ):  # frozen workers hold the database: the next look is for both
                    self.look()
        except Exception as error:  # noqa: BLE001 - raised at the end
            self._failed = error
