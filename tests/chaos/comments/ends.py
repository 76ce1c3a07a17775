"""Both ends of the trial, a service that scores and a publisher that is told, and what goes wrong with each."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from tests.publishers.fake import Fake as FakePublisher
from tests.publishers.fake import Reply as Acknowledgement
from tests.scorers.fake import Asked, Reply
from tests.scorers.fake import Fake as FakeScorer

#: The scorers, by the path at which the service is asked for each.
SCORERS = ("one", "two")
#: Requests that meet one fault.
BURST = 10


def scorer_config(url: str, name: str, **more: Any) -> dict[str, Any]:
    """A scorer's `users.extra`."""
    of_all = {
        "endpointType": "perspective-api",
        "apiKey": "key",
        "userAgent": "trial",
        "attributes": {"TOXICITY": {}},
    }
    return of_all | {"endpoint": f"{url}/{name}"} | more


def text_of(number: int) -> str:
    """The text of a comment, by which the service knows it."""
    return f"comment {number}"


def toxicity(number: int) -> float:
    """What both scorers say of a comment. Never 0, which no rule matches (quirk 2)."""
    return (number * 37 % 99 + 1) / 100


def request_of(asked: Asked) -> int:
    """Which request to a scorer this is, by the row in `comment_score_requests`."""
    return int(asked.json["clientToken"].rpartition("request")[2])


def scores_of(asked: Asked) -> dict[str, Any]:
    """What the service answers when nothing is wrong with it."""
    found = re.search(r"\d+", asked.json["comment"]["text"])
    assert found
    score = {"value": toxicity(int(found.group()))}
    return {"attributeScores": {"TOXICITY": {"summaryScore": score, "spanScores": []}}}


class Ends:
    """What goes wrong with the service and the publisher, a fault at a time. Most hit the next requests, whenever
    these come.

    Parameters:
      away: seconds for which one of them is away.
      slow: seconds that one of them takes when it is slow.
    """

    def __init__(
        self, scorer: FakeScorer, publisher: FakePublisher, random: Random, *, away: float, slow: float
    ) -> None:
        self.scorer, self.publisher = scorer, publisher
        self._random = random
        self._away, self._slow = away, slow
        self._answered: Counter[int] = Counter()
        scorer.answer(self._answer)

    @property
    def answered_anew(self) -> int:
        """How many questions the service answered that it had answered before."""
        return sum(count - 1 for count in self._answered.values())

    def _answer(self, asked: Asked, after: float = 0.0) -> Reply:
        self._answered[request_of(asked)] += 1
        return Reply(json=scores_of(asked), after=after)

    def faults(self) -> list[Callable[[], None]]:
        """All there are."""
        return [
            *(self.scorer_fails, self.scorer_resets, self.scorer_throttles, self.scorer_is_slow),
            *(self.scorer_talks_nonsense, self.scorer_is_away),
            *(self.publisher_fails, self.publisher_resets, self.publisher_throttles, self.publisher_is_slow),
            *(self.publisher_is_away, self.publisher_is_told_and_does_not_say_so),
        ]

    def heal(self) -> None:
        """Nothing is wrong any more."""
        self.scorer.answer(self._answer)
        self.publisher.otherwise = Acknowledgement()

    def scorer_fails(self) -> None:
        """A burst of 500."""
        self.scorer.next(*[Reply(status=500)] * BURST)

    def scorer_resets(self) -> None:
        """Before the answer, and in it."""
        self.scorer.next(*[Reply(cut=-1), Reply(cut=0), Reply(json={"a": "b"}, cut=4)] * (BURST // 3))

    def scorer_throttles(self) -> None:
        """429, with and without the time to come back."""
        self.scorer.next(Reply(status=429, headers={"Retry-After": "1"}), Reply(status=429))

    def scorer_is_slow(self) -> None:
        """It answers, in the end."""
        self.scorer.next(*[lambda asked: self._answer(asked, self._slow)] * BURST)

    def scorer_talks_nonsense(self) -> None:
        """What is no JSON, no object, or an object of something else."""
        self.scorer.next(Reply(body=b"{"), Reply(json=[]), Reply(json={"attributeScores": 7}))

    def scorer_is_away(self) -> None:
        """For a while."""
        self.scorer.answer(Reply(status=503))
        time.sleep(self._away)
        self.scorer.answer(self._answer)

    def publisher_fails(self) -> None:
        """A burst of 500."""
        self.publisher.script.extend([Acknowledgement(500)] * BURST)

    def publisher_resets(self) -> None:
        """Before the answer, and in it."""
        self.publisher.script.extend(
            [Acknowledgement(resets="at once"), Acknowledgement(resets="in the body")] * 3
        )

    def publisher_throttles(self) -> None:
        """429, with and without the time to come back."""
        self.publisher.script.extend([Acknowledgement(429, {"Retry-After": "1"}), Acknowledgement(429)])

    def publisher_is_slow(self) -> None:
        """It answers, in the end."""
        self.publisher.script.extend([Acknowledgement(before=lambda: time.sleep(self._slow))] * BURST)

    def publisher_is_told_and_does_not_say_so(self) -> None:
        """It has taken the news, and its answer comes too late."""
        self.publisher.script.append(Acknowledgement(before=lambda: time.sleep(5 * self._slow)))

    def publisher_is_away(self) -> None:
        """For a while."""
        self.publisher.otherwise = Acknowledgement(503)
        time.sleep(self._away)
        self.publisher.otherwise = Acknowledgement()
