"""Under a limit a second a scorer sees no more than that in any second, whatever holds up those who ask."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

import pytest
from dramatiq import Worker

from osmod.jobs.broker import JobBroker
from osmod.jobs.gate import Gate
from osmod.scorers import Question, Scored, Throttled
from tests.actors.scorers import ToldScorer, many_asked
from tests.actors.test_turns import jobs
from tests.actors.test_turns import queue as queue
from tests.moderation.conftest import world as world
from tests.moderation.world import World
from tests.waiting import until

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]


class Counting:
    """A scorer that takes so many requests in any second, by its own clock, and refuses the others."""

    def __init__(self, limit: int) -> None:
        self.seen: list[int] = []
        self.refused: list[int] = []
        self._limit = limit
        self._window: deque[float] = deque()
        self._one_at_a_time = threading.Lock()

    def answer(self, question: Question) -> Scored | None:
        """Count, and answer later."""
        with self._one_at_a_time:
            while self._window and self._window[0] <= time.monotonic() - 1:
                self._window.popleft()
            if len(self._window) >= self._limit:
                self.refused.append(question.request_id)
                raise Throttled("429")
            self._window.append(time.monotonic())
            self.seen.append(question.request_id)
        return None


@pytest.mark.timed
def test_a_thousand_comments(queue: JobBroker, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scorer that counts is never asked too much: each is asked about once, nothing fails, no attempt is spent."""
    limit, number = 250, 1_000
    scorer = world.scorer({"endpointType": "told", "limits": {"perSecond": limit}})
    many_asked(world, scorer, number)
    counting = Counting(limit)
    monkeypatch.setattr(ToldScorer, "does", counting.answer)
    ask = queue.get_actor("askScorer")
    queue.send_many(ask.message(request_id=n + 1) for n in range(number))
    worker = Worker(queue, worker_threads=4)
    worker.start()
    until(lambda: len(counting.seen) >= number, 60, "all are asked")
    until(lambda: not jobs(queue, "askScorer"), 20, "all have ended")
    worker.stop()
    assert ([], list(range(1, number + 1))) == (counting.refused, sorted(counting.seen))


@pytest.mark.timed
def test_a_process_that_stood_still(queue: JobBroker, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests that depart long after they were let count from then on: no second sees too many."""
    scorer = world.scorer({"endpointType": "told", "limits": {"perSecond": 5}})
    many_asked(world, scorer, 10)
    counting = Counting(5)
    standing_still = iter([0.6])

    def enter_all(gate: Gate, tickets: Sequence[str]) -> Any:
        answers = let(gate, tickets)
        time.sleep(next(standing_still, 0.0))  # what is tried is the time between them
        return answers

    let = Gate.enter_all
    monkeypatch.setattr(Gate, "enter_all", enter_all)
    monkeypatch.setattr(ToldScorer, "does", counting.answer)
    ask = queue.get_actor("askScorer")
    queue.send_many(ask.message(request_id=n + 1) for n in range(10))
    worker = Worker(queue, worker_threads=1)
    worker.start()
    until(lambda: len(counting.seen) + len(counting.refused) >= 10, 60, "all are asked")
    worker.stop()
    assert ([], list(range(1, 11))) == (counting.refused, sorted(counting.seen))
