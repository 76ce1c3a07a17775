"""Both ends of the trial, a service that scores and a publisher that is told, and what goes wrong with each."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from itertools import cycle
from typing import Any

from tests.publishers.fake import Fake as FakePublisher
from tests.publishers.fake import Reply as Acknowledgement
from tests.scorers.fake import Asked, Reply
from tests.scorers.fake import Fake as FakeScorer

#: The scorers, by the path at which the service is asked for each.
SCORERS = ("one", "two")


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
    """What goes wrong with the service and with the publisher: each fault lasts for a spell, and then all is well.

    Parameters:
      spell: seconds that a fault lasts.
      slow: seconds that one of them takes when it is slow.
    """

    def __init__(self, scorer: FakeScorer, publisher: FakePublisher, *, spell: float, slow: float) -> None:
        self._scorer, self._publisher = scorer, publisher
        self._spell, self._slow = spell, slow
        self._answered: Counter[int] = Counter()
        scorer.answer(self._answer)

    @property
    def answered_anew(self) -> int:
        """How many questions the service answered that it had answered before."""
        return sum(count - 1 for count in self._answered.values())

    def scorer_faults(self) -> list[Callable[[], None]]:
        """All that can be wrong with the service."""
        return [
            *(self.scorer_fails, self.scorer_resets, self.scorer_throttles, self.scorer_is_slow),
            *(self.scorer_talks_nonsense, self.scorer_is_away),
        ]

    def publisher_faults(self) -> list[Callable[[], None]]:
        """All that can be wrong with the publisher."""
        return [
            *(self.publisher_fails, self.publisher_resets, self.publisher_throttles, self.publisher_is_slow),
            *(self.publisher_is_away, self.publisher_hears_and_says_nothing),
        ]

    def scorer_fails(self) -> None:
        """500."""
        self._score(Reply(status=500))

    def scorer_resets(self) -> None:
        """Before the answer, and in it."""
        replies = cycle([Reply(cut=-1), Reply(cut=0), Reply(json={"a": "b"}, cut=4)])
        self._score(lambda asked: next(replies))

    def scorer_throttles(self) -> None:
        """429, with and without the time to come back."""
        replies = cycle([Reply(status=429, headers={"Retry-After": "1"}), Reply(status=429)])
        self._score(lambda asked: next(replies))

    def scorer_is_slow(self) -> None:
        """It answers, in the end."""
        self._score(lambda asked: self._answer(asked, self._slow))

    def scorer_talks_nonsense(self) -> None:
        """What is no JSON, no object, or an object of something else."""
        replies = cycle([Reply(body=b"{"), Reply(json=[]), Reply(json={"attributeScores": 7})])
        self._score(lambda asked: next(replies))

    def scorer_is_away(self) -> None:
        """For longer."""
        self._score(Reply(status=503), 4)

    def publisher_fails(self) -> None:
        """500."""
        self._hear(Acknowledgement(500))

    def publisher_resets(self) -> None:
        """Before the answer, and in it."""
        self._hear(Acknowledgement(resets="at once"))
        self._hear(Acknowledgement(resets="in the body"))

    def publisher_throttles(self) -> None:
        """429, with and without the time to come back."""
        self._hear(Acknowledgement(429, {"Retry-After": "1"}))
        self._hear(Acknowledgement(429))

    def publisher_is_slow(self) -> None:
        """It answers, in the end."""
        self._hear(Acknowledgement(before=lambda: time.sleep(self._slow)))

    def publisher_hears_and_says_nothing(self) -> None:
        """It takes the news, and says so when nobody waits for it any more."""
        self._hear(Acknowledgement(before=lambda: time.sleep(5 * self._slow)))

    def publisher_is_away(self) -> None:
        """For longer."""
        self._hear(Acknowledgement(503), 4)

    def _answer(self, asked: Asked, after: float = 0.0) -> Reply:
        self._answered[request_of(asked)] += 1
        return Reply(json=scores_of(asked), after=after)

    def _score(self, answer: Any, spells: float = 1) -> None:
        self._scorer.answer(answer)
        time.sleep(spells * self._spell)
        self._scorer.answer(self._answer)

    def _hear(self, reply: Acknowledgement, spells: float = 1) -> None:
        self._publisher.otherwise = reply
        time.sleep(spells * self._spell)
        self._publisher.otherwise = Acknowledgement()
