"""Middleware hooks, called only where there is one, and what hooks send at a job's end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dramatiq import Broker, Message, Middleware
from dramatiq.middleware import (
    AgeLimit,
    Callbacks,
    GroupCallbacks,
    MiddlewareError,
    Pipelines,
    Retries,
    ShutdownNotifications,
)
from dramatiq.results import Results

from osmod.jobs.queue.job import Job

#: Signals on which hooks send what follows from a job: pipelines, callbacks, groups.
_ENDS = frozenset({"process_message", "skip_message"})


class _Names(dict[str, str]):
    """The names of hooks by signal, each put together once."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix

    def __missing__(self, signal: str) -> str:
        self[signal] = self._prefix + signal
        return self[signal]


BEFORE, AFTER = _Names("before_"), _Names("after_")

#: Options that make one of Dramatiq's own middleware do something to a job that runs and succeeds.
_STIRRING = frozenset({"max_age", "notify_shutdown", "on_success", "on_failure", "pipe_target"})
#: Those middleware, and whether the way one was made lets it rest without such an option. A class of ours that
#: has the hooks of one of them names it as `rests_as`.
_RESTING: dict[type, Callable[[Any], bool]] = {
    AgeLimit: lambda middleware: middleware.max_age is None,
    ShutdownNotifications: lambda middleware: not middleware.notify_shutdown,
    Callbacks: lambda middleware: True,
    Pipelines: lambda middleware: True,
    Retries: lambda middleware: True,
}

#: What looks at how a job ended.
_ON_OUTCOME = (Callbacks, GroupCallbacks, Pipelines, Results, Retries)


class HookTable:
    """For each signal, the middleware that do something on it.

    Dramatiq calls every hook of every middleware, some forty calls a job, of which a plain job needs two.
    Left out are hooks that a middleware does not define, and those of Dramatiq's own that do nothing to a job
    without the options they look for.

    `ours` is what the broker itself does on a signal, before any middleware is asked, by the names of hooks. It has
    nothing to do around the run of a job that is plain.
    """

    def __init__(self, ours: Mapping[str, Callable[..., None]]) -> None:
        self._ours = ours
        self._known: list[Middleware] = []
        self._tables: dict[bool, dict[str, list[Middleware]]] = {False: {}, True: {}}
        self._thread = threading.local()

    def before(self, broker: Broker, signal: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Call the `before_` hooks. As in Dramatiq only a `MiddlewareError` passes through."""
        hook = BEFORE[signal]
        job = args[0] if signal in _ENDS else None
        plain = job is not None and is_plain(job)
        if not plain and hook in self._ours:
            self._ours[hook](*args, **kwargs)
        listening = self._on(broker, hook, plain)
        if not listening:
            return
        if job is not None:
            self._thread.job = job
        try:
            for middleware in listening:
                try:
                    getattr(middleware, hook)(broker, *args, **kwargs)
                except MiddlewareError:
                    raise
                except Exception:
                    broker.logger.critical("Unexpected failure in %s of %r.", hook, middleware, exc_info=True)
        finally:
            if job is not None:
                self._thread.job = None

    def after(self, broker: Broker, signal: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Call the `after_` hooks, last middleware first. As in Dramatiq nothing passes through."""
        hook = AFTER[signal]
        job = args[0] if signal in _ENDS else None
        plain = job is not None and kwargs.get("exception") is None and is_plain(job)
        if not plain and hook in self._ours:
            self._ours[hook](*args, **kwargs)
        listening = self._on(broker, hook, plain)
        if job is not None and getattr(job, "settlement", None) and job.untouched:
            # It will be run again as if it had not begun: nothing that looks at its end is told of one.
            listening = [one for one in self._on(broker, hook, False) if not isinstance(one, _ON_OUTCOME)]
        if not listening:
            return
        if job is not None:
            self._thread.job = job
        try:
            for middleware in reversed(listening):
                try:
                    getattr(middleware, hook)(broker, *args, **kwargs)
                except Exception:
                    broker.logger.critical("Unexpected failure in %s of %r.", hook, middleware, exc_info=True)
                    if isinstance(middleware, Retries) and hook == AFTER["process_message"]:
                        # It decides about jobs that failed. Without its word this one would count as done.
                        args[0].fail()
        finally:
            if job is not None:
                self._thread.job = None

    def postpone(self, message: Message[Any], delay: int | None) -> bool:
        """Keep a message that a hook of this thread could not send, until its job is settled.

        False if no job is beginning or ending in this thread.
        """
        job = self.job
        if not isinstance(job, Job):
            return False
        job.followups = [*(job.followups or []), (message, delay)]
        return True

    @property
    def job(self) -> object:
        """The job around whose run hooks are being called in this thread, or None."""
        return getattr(self._thread, "job", None)

    def _on(self, broker: Broker, hook: str, plain: bool) -> list[Middleware]:
        if broker.middleware != self._known:
            self._known, self._tables = list(broker.middleware), {False: {}, True: {}}
        table = self._tables[plain]
        found = table.get(hook)
        if found is None:
            # A job that was skipped is looked at by all, as it did not run.
            plain = plain and hook != AFTER["skip_message"]
            found = [one for one in self._known if _defines(one, hook) and not (plain and _rests(one))]
            table[hook] = found
        return found


def is_plain(message: Any) -> bool:
    """Whether a job has nothing about it by which Dramatiq's own middleware or the broker do something to it."""
    return message.__class__ is Job and message.plain and message.suspect is None and not message.lost


def stirs(options: Mapping[str, Any]) -> bool:
    """Whether an actor's or a message's options stir Dramatiq's own middleware."""
    return not _STIRRING.isdisjoint(options)


def looks_first(middleware: Middleware) -> bool:
    """Whether it is one of Dramatiq's own that is to see every job before that runs, whatever the job's options."""
    return isinstance(middleware, (AgeLimit, ShutdownNotifications)) and not _rests(middleware)


def _rests(middleware: Middleware) -> bool:
    rests = _RESTING.get(vars(type(middleware)).get("rests_as", type(middleware)))
    return rests is not None and rests(middleware) and not vars(middleware).keys() & _HOOKS


#: Hooks put on an instance, as tests do, are always called.
_HOOKS = frozenset({"before_process_message", "after_process_message", "after_skip_message"})


def _defines(middleware: Any, hook: str) -> bool:
    inherited = getattr(type(middleware), hook, None) is getattr(Middleware, hook, None)
    return hook in vars(middleware) or not inherited
