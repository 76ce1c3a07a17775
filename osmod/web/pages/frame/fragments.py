"""Parts of pages that stay live. Each is rendered at most once a second a process, for all who look at it."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import redis
from dramatiq.errors import BrokerConnectionError

from osmod.access.callers import Caller
from osmod.web.pages.frame.templates import render
from osmod.web.pages.frame.topics import Topic
from osmod.web.pages.frame.view import View
from osmod.web.problems import Problem, problem_of

_log = logging.getLogger(__name__)

Look = Callable[[View], Mapping[str, Any]]

#: Seconds for which what was rendered is shown to others, too.
FRESH = 1.0
#: Renderings kept at most; the stalest go first.
KEPT = 500
#: What Redis tells. Fragments that are about it are not looked for while it hangs.
ASKING_REDIS = frozenset(
    {Topic.JOBS, Topic.QUEUES, Topic.WORKERS, Topic.SCHEDULES, Topic.SCORERS, Topic.AUDIT, Topic.COUNTERS}
)
#: Seconds after which a look that failed has waited for something that hangs, and for which nobody asks it then.
SLOW, PAUSE = 1.0, 3.0


@dataclass(frozen=True)
class Rendered:
    """HTML, and a name for just this of it."""

    html: str
    version: str


@dataclass(frozen=True)
class Fragment:
    """A part of a page.

    Attributes:
      name: unlike that of any other on its page; the `id` of its element.
      template: the file that it is rendered by.
      look: finds what the template shows.
      topics: when it is to be shown anew.
      personal: whether it depends on who looks, and not on the role alone.
    """

    page: str
    name: str
    template: str
    look: Look
    topics: frozenset[Topic]
    personal: bool

    def view_of(self, view: View, caller: Caller) -> View:
        """As much of a page's view as it depends on."""
        return replace(view, user_id=caller.user_id if self.personal else None)

    def rendered(self, view: View) -> Rendered:
        """What is shown now. Where Redis or the database is away, that is said in its place."""
        return RENDERINGS.get((self.page, self.name, view.key), lambda: self._render(view))

    def _render(self, view: View) -> str:
        if self.topics & ASKING_REDIS and (known := HANGS.known()) is not None:
            return render("_trouble.html", problem=known)
        began = time.monotonic()
        try:
            return render(self.template, view=view, **self.look(view))
        except Exception as error:  # noqa: BLE001 - shown in its place; what is no known trouble is logged
            problem = problem_of(error)
            of_redis = isinstance(error, (redis.RedisError, BrokerConnectionError))
            if of_redis and problem is not None and time.monotonic() - began >= SLOW:
                HANGS.note(problem)
            if problem is None:
                _log.exception("the fragment %s of %s failed", self.name, self.page)
                problem = Problem(500, "Something went wrong here; the server's log says what.")
            return render("_trouble.html", problem=problem)


class Hangs:
    """A Redis that hangs: whoever asks it waits for seconds, and a page has several fragments that do."""

    def __init__(self) -> None:
        self._problem: Problem | None = None
        self._until = float("-inf")

    def note(self, problem: Problem) -> None:
        """Somebody has waited in vain: for a while no fragment asks."""
        self._problem, self._until = problem, time.monotonic() + PAUSE

    def known(self) -> Problem | None:
        """What is said meanwhile; None: Redis is to be asked."""
        return self._problem if time.monotonic() < self._until else None


#: That of this process.
HANGS = Hangs()


class _Slot:
    """One rendering, made by one thread at a time."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.made = float("-inf")
        self.rendered: Rendered | None = None


class Renderings:
    """What was rendered in the last second."""

    def __init__(self) -> None:
        self._slots: dict[Hashable, _Slot] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], str]) -> Rendered:
        """What was rendered under a key within the last second, else what `make` gives."""
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
        with slot.lock:
            if slot.rendered is None or time.monotonic() - slot.made >= FRESH:
                html = make()
                slot.rendered = Rendered(html, hashlib.sha256(html.encode()).hexdigest()[:12])
                slot.made = time.monotonic()
                self._forget_the_stalest()
            return slot.rendered

    def forget(self) -> None:
        """Show nothing of it any more: something has changed."""
        with self._lock:
            self._slots.clear()

    def _forget_the_stalest(self) -> None:
        with self._lock:
            if len(self._slots) > KEPT:
                stalest = sorted(self._slots, key=lambda key: self._slots[key].made)
                for key in stalest[: KEPT // 2]:
                    del self._slots[key]


#: Those of this process.
RENDERINGS = Renderings()
