"""Asks the new scorer about the comments of the sample, within its limits, and keeps each answer as it comes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol
from uuid import uuid4

from osmod.comparing.answers import Answers
from osmod.jobs.errors import PutOff
from osmod.scorers import KeyRefused, Question, Scorer, ScorerError, Throttled, Unscorable

#: How often one comment is asked about before it is left out of this run.
TRIES = 4
#: So many comments left out in a row are no accident: the run is stopped.
IN_A_ROW = 5
#: Requests in flight where the scorer's limits name no number.
AT_ONCE = 16
#: Seconds. Who has to wait longer for a turn is not waiting for the limits.
PATIENCE = 90.0
#: Seconds between two tries, and after a 429 that names none, where no gate says when.
PAUSE = 2.0


class Stopped(Exception):
    """There is no use in asking on. The message says why."""


class Turns(Protocol):
    """Whose turn it is to ask the scorer, over all processes."""

    def taken(self, ticket: str) -> AbstractAsyncContextManager[object]:
        """A block in which it is asked.

        Raises:
          PutOff: it is not the ticket's turn.
        """
        ...


class Asking:
    """One run.

    Parameters:
      told: called after each comment.

    Attributes:
      failed: why comments were left out, and how many for each reason; another run asks about them again.
    """

    def __init__(self, scorer: Scorer, turns: Turns, answers: Answers, told: Callable[[], None]) -> None:
        self.failed: Counter[str] = Counter()
        self._scorer, self._turns, self._answers, self._told = scorer, turns, answers, told
        self._in_a_row = 0

    async def ask(self, questions: Iterator[tuple[int, Question]]) -> None:
        """Ask about all of them, many at once.

        Raises:
          Stopped: the scorer refuses the key, stays away, or answers by callback only. What it has answered is kept.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._scorer.limits.concurrency or AT_ONCE):
                    group.create_task(self._ask_on(questions))
        except* Stopped as stopped:
            raise Stopped(str(stopped.exceptions[0])) from None

    async def _ask_on(self, questions: Iterator[tuple[int, Question]]) -> None:
        for comment_id, question in questions:
            await self._ask_about(comment_id, question)
            self._told()

    async def _ask_about(self, comment_id: int, question: Question) -> None:
        for tried in range(1, TRIES + 1):
            try:
                self._answers.add(comment_id, await self._answer(question))
            except Unscorable:
                self._answers.add_unscorable(comment_id)
            except KeyRefused as error:
                raise Stopped(str(error)) from error
            except ScorerError as error:
                if tried == TRIES:
                    self._leave_out(error)
                    return
                await asyncio.sleep(error.retry_after or PAUSE if isinstance(error, Throttled) else PAUSE)
                continue
            self._in_a_row = 0
            return

    async def _answer(self, question: Question) -> dict[str, float]:
        """The summary scores.

        Raises:
          ScorerError: there are none.
          Stopped: there will be none of any comment.
        """
        ticket = f"compare-{uuid4()}"
        while True:
            try:
                async with self._turns.taken(ticket):
                    scored = await self._scorer.score(question)
                break
            except PutOff as wait:
                if isinstance(wait.__cause__, ScorerError):  # it was asked, and wants to be left alone
                    raise wait.__cause__ from None
                if wait.seconds > PATIENCE:
                    raise Stopped(wait.reason) from wait
                await asyncio.sleep(wait.seconds)
        if scored is None:
            raise Stopped("it answers later, by callback: such a scorer cannot be compared")
        summaries: dict[str, float] = scored.score_data["summaryScores"]
        return summaries

    def _leave_out(self, error: ScorerError) -> None:
        self.failed[str(error)] += 1
        self._in_a_row += 1
        if self._in_a_row >= IN_A_ROW:
            raise Stopped(f"{self._in_a_row} comments in a row failed, the last one because {error}")
