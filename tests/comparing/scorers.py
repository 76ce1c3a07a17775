"""A new scorer in this process, which goes by the comment's text, and fails as it is told."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable

from osmod.scorers import Limits, Question, Scored, ScorerError
from osmod.scorers.contract import UNLIMITED


class FakeScorer:
    """Scores a comment whose text is a number by that number.

    Attributes:
      asked: how often each text was asked about.
      most: how many were in flight at most.
      faults: what is raised at the first askings about a text, one after another.
      always: what is raised at every one.
      before: called before each answer.
      silent: whether it gives no answer for now.
    """

    def __init__(
        self, scale: Callable[[float], float] = lambda score: score, limits: Limits = UNLIMITED
    ) -> None:
        self.limits = limits
        self.asked: Counter[str] = Counter()
        self.most = 0
        self.faults: dict[str, list[ScorerError]] = defaultdict(list)
        self.always: ScorerError | None = None
        self.later = False
        self.silent = False
        self.before: Callable[[], None] = lambda: None
        self._scale, self._now = scale, 0

    async def score(self, question: Question) -> Scored | None:
        """See `Scorer`."""
        self.asked[question.text] += 1
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            await asyncio.sleep(0)
            self.before()
            while self.silent:
                await asyncio.sleep(0.01)
            fault = self.always or next(iter(self.faults[question.text]), None)
            if fault is not None:
                self.faults[question.text][:1] = []
                raise fault
        finally:
            self._now -= 1
        summaries = {"TOXICITY": self._scale(float(question.text))}
        return None if self.later else Scored({"scores": {}, "summaryScores": summaries})
