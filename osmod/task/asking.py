"""Asking the scorers about one comment. The requests are committed first: no transaction waits for a scorer."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from osmod.moderation.database import open_session
from osmod.moderation.models import User
from osmod.moderation.sending import Asked, Sending, open_requests, still_open
from osmod.moderation.work import Delivery
from osmod.outages import Outage
from osmod.outgoing.loop import run
from osmod.scorers import (
    BadScorerConfig,
    KeyRefused,
    Question,
    ScorerAway,
    ScorerError,
    Throttled,
    scorer_for,
)
from osmod.task.committing import commit
from osmod.task.engine import get_engine

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """What the scorer `user_id` said: `score_data` as `processMachineScore` takes it."""

    request_id: int
    user_id: int
    score_data: dict[str, Any]


class Asking:
    """One run over a comment's scorers. Iterate for the answers; then `raise_failures`.

    Raises:
      NotFound: there is no such comment.
    """

    def __init__(self, comment_id: int, delivery: Delivery | None) -> None:
        self._failures: list[ScorerError] = []
        self._unusable: dict[int, BadScorerConfig] = {}
        self._sending = self._open(comment_id, delivery)

    def __iter__(self) -> Iterator[Answer]:
        for asked in self._sending.asked:
            try:
                score_data = self._ask(asked)
            except ScorerError as error:
                # The worker says it of the job, if the job fails for it.
                _log.debug("comment %d, scorer %d: %s", self._sending.comment_id, asked.user_id, error)
                self._failures.append(error)
            except BadScorerConfig as error:  # spoilt since its request was opened
                self._pass_over(asked.user_id, error)
            else:
                if score_data is not None:
                    yield Answer(asked.request_id, asked.user_id, score_data)

    def raise_failures(self) -> None:
        """Say what went wrong with any of the scorers.

        Raises:
          ScorerError: asking again may help.
          BadScorerConfig: only a person can.
        """
        if self._failures:
            raise ScorerError("; ".join(map(str, self._failures)))
        if self._unusable:
            raise BadScorerConfig("; ".join(map(str, self._unusable.values())))

    def _open(self, comment_id: int, delivery: Delivery | None) -> Sending:
        committed = commit(lambda work: open_requests(work, comment_id, self._is_usable), delivery)
        if committed.value is not None:
            return committed.value
        # The job came back: its requests are open already, some may have been answered since.
        with open_session(get_engine()) as session:
            return still_open(session, comment_id)

    def _is_usable(self, scorer: User) -> bool:
        try:
            scorer_for(scorer.id, scorer.extra)
        except BadScorerConfig as error:
            self._pass_over(scorer.id, error)
        return scorer.id not in self._unusable

    def _pass_over(self, scorer_id: int, error: BadScorerConfig) -> None:
        _log.error("scorer %d is not asked: %s", scorer_id, error)
        self._unusable[scorer_id] = error

    def _ask(self, asked: Asked) -> dict[str, Any] | None:
        sending = self._sending
        question = Question(
            request_id=asked.request_id,
            text=sending.text,
            text_length=sending.text_length,
            context=sending.context,
        )
        outage = _outage_of(asked.user_id)
        try:
            scored = run(scorer_for(asked.user_id, asked.config).score(question))
        except (KeyRefused, ScorerAway, Throttled) as error:
            outage.met(f"{error}: see whether it is up, and its key and quota in order")
            raise
        outage.over()
        return scored.score_data if scored else None


@cache
def _outage_of(scorer_id: int) -> Outage:
    return Outage(f"scorer {scorer_id}")
