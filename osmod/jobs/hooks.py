"""Middleware hooks, called only where there is one, and what hooks send at a job's end."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from dramatiq import Broker, Message, Middleware
from dramatiq.middleware import MiddlewareError

from osmod.jobs.job import Job

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Signals on which hooks send what follows from a job: pipelines, callbacks, groups.
_ENDS = frozenset({"process_message", "skip_message"})


class HookTable:
    """For each signal, the middleware that do something on it.

    Dramatiq calls every hook of every middleware, some forty calls a job of which six do anything. An
    untouched hook of the base class does nothing, so leaving it out changes nothing.
    """

    def __init__(self) -> None:
        self._known: list[Middleware] = []
        self._table: dict[str, list[Middleware]] = {}
        self._thread = threading.local()

    def before(self, broker: Broker, signal: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Call the `before_` hooks. As in Dramatiq only a `MiddlewareError` passes through."""
        hook = "before_" + signal
        for middleware in self._on(broker, hook):
            try:
                getattr(middleware, hook)(broker, *args, **kwargs)
            except MiddlewareError:
                raise
            except Exception:
                broker.logger.critical("Unexpected failure in %s of %r.", hook, middleware, exc_info=True)

    def after(self, broker: Broker, signal: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Call the `after_` hooks, last middleware first. As in Dramatiq nothing passes through."""
        hook = "after_" + signal
        ends = signal in _ENDS
        if ends:
            self._thread.job = args[0]
        for middleware in reversed(self._on(broker, hook)):
            try:
                getattr(middleware, hook)(broker, *args, **kwargs)
            except Exception:
                broker.logger.critical("Unexpected failure in %s of %r.", hook, middleware, exc_info=True)
        if ends:
            self._thread.job = None

    def postpone(self, message: Message[Any], delay: int | None) -> bool:
        """Keep a message that a hook of this thread could not send, until its job is settled.

        False if no job is ending in this thread.
        """
        job = getattr(self._thread, "job", None)
        if not isinstance(job, Job):
            return False
        job.followups = [*(job.followups or []), (message, delay)]
        return True

    def _on(self, broker: Broker, hook: str) -> list[Middleware]:
        if broker.middleware != self._known:
            self._known, self._table = list(broker.middleware), {}
        found = self._table.get(hook)
        if found is None:
            found = self._table[hook] = [one for one in self._known if _defines(one, hook)]
        return found


def _defines(middleware: Any, hook: str) -> bool:
    return hook in vars(middleware) or getattr(type(middleware), hook, None) is not getattr(
        Middleware, hook, None
    )
