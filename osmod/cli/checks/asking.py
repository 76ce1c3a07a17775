"""Areas looked at one after the other, in bounded time: a server that hangs holds up its own areas alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from itertools import chain

import redis
from sqlalchemy.exc import SQLAlchemyError

from osmod.cli.checks.finding import Finding, Level, error
from osmod.cli.errors import explain
from osmod.jobs.wire.connection import ANSWER_TIMEOUT
from osmod.settings import Settings

#: Seconds that Redis, and the database, get to answer all that they are asked. A client of Redis gives up a little
#: earlier, and knows better what was wrong.
PATIENCE = ANSWER_TIMEOUT + 0.3

#: What is raised where a server cannot be asked.
UNUSABLE = (redis.RedisError, SQLAlchemyError, ModuleNotFoundError, OSError, ValueError)

Area = Callable[[Settings], Iterable[Finding]]


class Asking(threading.Thread):
    """Looks at the areas of one server.

    Parameters:
      server: what is named as hanging, with where it is; empty for areas that ask several, of which others say it.
      areas: by name, in the order in which they are looked at.

    Attributes:
      found: by area, what was found so far.
    """

    def __init__(self, server: str, areas: dict[str, Area], settings: Settings) -> None:
        super().__init__(name=server, daemon=True)  # one that hangs does not hold up the end of the process
        self.found: dict[str, list[Finding]] = {name: [] for name in areas}
        self._at = ""
        self._server, self._areas, self._settings = server, areas, settings
        self._problem: Exception | None = None

    def run(self) -> None:
        """Look at each."""
        try:
            for name, area in self._areas.items():
                self._at = name
                self._look(area, self.found[name])
        except Exception as problem:  # noqa: BLE001 - raised by `findings`, in the thread that asks for them
            self._problem = problem

    def _look(self, area: Area, found: list[Finding]) -> None:
        """Look at one area. What keeps the server from being asked is said once, where it is met first."""
        try:
            for finding in area(self._settings):
                found.append(finding)
        except UNUSABLE as problem:
            if self._broken() or not self._server:
                return
            if (sentence := explain(problem)) is None:
                raise
            found.append(error(sentence))

    def _broken(self) -> bool:
        return any(one.level is Level.ERROR for one in chain(*self.found.values()))

    def findings(self, deadline: float) -> dict[str, list[Finding]]:
        """What was found until a moment of the monotonic clock, and whether the server did not answer by then.

        Raises:
          Exception: whatever an area raised.
        """
        self.join(max(0.0, deadline - time.monotonic()))
        found = {name: list(findings) for name, findings in self.found.items()}
        if self.is_alive() and self._server and not self._broken():
            found[self._at].append(
                error(
                    f"{self._server} has not answered for {PATIENCE:.0f} s: it hangs, is overloaded or cut off."
                )
            )
        elif self._problem is not None:
            raise self._problem
        return found
