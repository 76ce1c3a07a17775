"""Opening the requests to a comment's scorers: committed first, so that no transaction waits for a scorer."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from osmod.moderation.database import open_session
from osmod.moderation.sending import (
    OpenRequest,
    Scorer,
    active_scorers,
    open_passed_over,
    open_requests,
    still_open,
)
from osmod.moderation.work import Delivery
from osmod.scorers import BadScorerConfig, deadline_of, scorer_for
from osmod.task.committing import commit
from osmod.task.engine import get_engine
from osmod.task.requests import is_answered, miss_id, still_queued

_log = logging.getLogger(__name__)


@dataclass
class Opened:
    """What there is to ask about a comment; `unusable` are the scorers that could not be asked, and why."""

    requests: list[OpenRequest] = field(default_factory=list)
    unusable: dict[int, BadScorerConfig] = field(default_factory=dict)

    def raise_unusable(self) -> None:
        """Say which scorers could not be asked.

        Raises:
          BadScorerConfig: whose settings a person has to mend.
        """
        if self.unusable:
            raise BadScorerConfig("; ".join(map(str, self.unusable.values())))


def any_usable() -> bool:
    """Whether a scorer that is switched on can be asked; if not, that is logged."""
    with open_session(get_engine()) as session:
        problems = [problem_of(scorer.id, scorer.extra) for scorer in active_scorers(session)]
    if problems and all(problems):
        _log.error("no scorer can be asked, comments wait: %s", "; ".join(map(str, problems)))
    return not all(problems)


def problem_of(scorer_id: int, extra: Any) -> BadScorerConfig | None:
    """Why a scorer cannot be asked as it is set up; None: it can."""
    try:
        scorer_for(scorer_id, extra)
        deadline_of(scorer_id, extra)
    except BadScorerConfig as error:
        return error
    return None


def open_for(
    comment_ids: Sequence[int], deliveries: Sequence[Delivery], missing: Collection[int] = ()
) -> Opened:
    """Open a request to each scorer; of a job that came back, those requests that nobody has answered yet.

    Who could not be asked when that job ran first, and can now, is asked then. About the comments that are `missing`
    scores those are not asked that have answered: see `open_requests`.

    Raises:
      NotFound: there is no such comment. Nothing is opened then.
      BadScorerConfig: of several comments: a scorer cannot be asked. Nothing is opened then, either: each comment's job
        opens its own, and fails for it.
      TakenBefore: of several jobs one has come back.
    """
    opened = Opened()

    def is_usable(scorer: Scorer) -> bool:
        problem = problem_of(scorer.id, scorer.extra)
        if problem and len(comment_ids) > 1:
            raise problem
        if problem:
            _log.error("scorer %d is not asked: %s", scorer.id, problem)
            opened.unusable[scorer.id] = problem
        return problem is None

    committed = commit(lambda work: open_requests(work, comment_ids, is_usable, missing), *deliveries)
    if committed.value is not None:
        opened.requests = committed.value
        return opened
    (comment_id,) = comment_ids
    commit(lambda work: open_passed_over(work, comment_id, is_usable, missing=comment_id in missing))
    opened.requests = _unanswered(comment_id)
    return opened


def _unanswered(comment_id: int) -> list[OpenRequest]:
    """The requests that were opened before, without those whose answer is about to be stored, or to come later."""
    with open_session(get_engine()) as session:
        requests = still_open(session, comment_id)
    to_come = still_queued(miss_id(one.id, one.sent_at) for one in requests)
    return [
        one
        for one in requests
        if miss_id(one.id, one.sent_at) not in to_come and not is_answered(one.id, one.sent_at)
    ]
