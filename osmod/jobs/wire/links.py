"""Connections at rest, for whichever thread needs one next."""

from __future__ import annotations

import os
import time
from collections import defaultdict, deque
from collections.abc import Callable

from osmod.jobs.wire.link import Link
from osmod.jobs.wire.resp import Reply
from osmod.jobs.wire.route import Node, Route

#: Seconds at rest after which a link is looked at before it is used: to look has its price, where many calls are made.
SHORT = 0.1


class Links:
    """Links at rest, for whichever thread needs one next. After a fork the child starts with none.

    `most` bounds in seconds how long an answer is waited for, where the route's own timeout is longer; `eager`
    links look for it before they sleep.
    """

    def __init__(self, route: Route, most: float | None = None, eager: bool = False) -> None:
        self.route = route
        self._most = most
        self._eager = eager
        #: With the moment since when.
        self._idle: defaultdict[Node, deque[tuple[Link, float]]] = defaultdict(deque)
        self._process = os.getpid()

    def call(self, base: bytes, command: bytes, meanwhile: Callable[[], object] | None = None) -> Reply:
        """`Link.call` on a link of the calling thread's own for so long."""
        if self._process != os.getpid():
            self._idle, self._process = defaultdict(deque), os.getpid()
            self.route.forked()
        link = self._take(self._idle[self.route.shelf(base)])
        try:
            return link.call(base, command, meanwhile)
        finally:
            if link.is_open:
                self._idle[self.route.shelf_of(link.node)].append((link, time.monotonic()))
            else:
                # What one connection met, those at rest would meet one after the other.
                self.close()

    def new(self) -> Link:
        """A link to keep; the caller closes it."""
        return Link(self.route, self._most)

    def _take(self, idle: deque[tuple[Link, float]]) -> Link:
        """A link at rest that leads somewhere still, or a new one."""
        while True:
            try:
                link, since = idle.pop()
            except IndexError:
                return Link(self.route, self._most, self._eager)
            # No answer is owed to it: what there is to read is the end of a connection that the server, or something
            # on the way to it, kept no longer.
            if time.monotonic() - since < SHORT or not link.readable(0):
                return link
            self.route.failed(link.node)
            link.close()

    def close(self) -> None:
        """Close the links at rest."""
        for idle in list(self._idle.values()):
            while idle:
                idle.pop()[0].close()
