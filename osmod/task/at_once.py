"""Tasks run where they are asked for, instead of being queued: by a server that answers with what came of them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import dramatiq

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
            commit(lambda work: function.effect(work, payloads))
        else:
            for job in jobs:
                function(**job)


@contextmanager
def scorers_may_fail() -> Iterator[None]:
    """A scorer that fails is logged, and is no failure of who asked: its request stays open, and is made again."""
    try:
        yield
    except (ScorerError, BadScorerConfig) as error:
        _log.warning("a comment waits for its scores: %s", error)
