"""Tasks run where they are asked for, instead of being queued: by a server that answers with what came of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import dramatiq

from osmod.moderation.lookups import lock_comments
from osmod.moderation.work import Work
from osmod.scorers import BadScorerConfig, ScorerError
from osmod.task.committing import commit

_log = logging.getLogger(__name__)


def run_at_once(actor: dramatiq.Actor[..., Any], jobs: Sequence[dict[str, Any]]) -> None:
    """Run several jobs of one actor, in their order; of a `@task`'s all take effect or none, in one transaction.

    Parameters:
      jobs: the arguments of each.

    Raises:
      Refused: one of them cannot be done.
      OperationalError, InterfaceError: the database is away.
    """
    function: Any = actor.fn
    with scorers_may_fail():
        if hasattr(function, "effect"):
            payloads = [function.payload.read((), job) for job in jobs]
            commit(lambda work: _do_all(work, function.effect, payloads))
        else:
            for job in jobs:
                function(**job)


def _do_all(work: Work, effect: Callable[..., None], payloads: Sequence[dict[str, Any]]) -> None:
    if len(payloads) > 1:
        lock_comments(work.session, (one["comment_id"] for one in payloads if "comment_id" in one))
    for payload in payloads:
        effect(work, **payload)


@contextmanager
def scorers_may_fail() -> Iterator[None]:
    """A scorer that fails is logged, and is no failure of who asked: its request stays open, and is made again."""
    try:
        yield
    except (ScorerError, BadScorerConfig) as error:
        _log.warning("a comment waits for its scores: %s", error)
