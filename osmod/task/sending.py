"""Queueing several jobs; where there is no queue, they run here and now, each though another fails."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import dramatiq

from osmod.jobs.broker import JobBroker
from osmod.scorers import BadScorerConfig, ScorerError


def send_all(messages: Iterable[dramatiq.Message[Any]]) -> None:
    """Queue jobs, with one call.

    Raises:
      JobNotQueued: Redis was away for too long; to send all of them again is safe.
      ScorerError, BadScorerConfig: they ran here, and one failed; the others have run.
    """
    broker = dramatiq.get_broker()
    if isinstance(broker, JobBroker):
        broker.send_many(messages)
        return
    failures: list[ScorerError | BadScorerConfig] = []
    for message in messages:
        try:
            broker.enqueue(message)
        except (ScorerError, BadScorerConfig) as error:
            failures.append(error)
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise ScorerError("; ".join(map(str, failures)))
