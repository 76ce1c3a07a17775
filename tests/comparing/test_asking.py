"""Asking the new scorer: each comment once, within its limits, and what comes of its faults."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from osmod.comparing import asking
from osmod.comparing.answers import Answers
from osmod.comparing.asking import Asking, Stopped
from osmod.comparing.questions import questions
from osmod.jobs.errors import PutOff
from osmod.loop import run
from osmod.scorers import (
    BadAnswer,
    KeyRefused,
    Limits,
    Question,
    ScorerAway,
    ScorerError,
    Throttled,
    Unscorable,
)
from tests.comparing.scorers import FakeScorer
from tests.moderation.world import World

COUNT = 30


class Gate:
    """Lets in as many as it may; the others wait."""

    def __init__(self, *waits: float) -> None:
        self.waits = list(waits)

    @asynccontextmanager
    async def taken(self, ticket: str) -> AsyncIterator[None]:
        """See `Turns`; a scorer that wants to be left alone has its error wrapped, as the worker's gate does."""
        if self.waits:
            raise PutOff(self.waits.pop(0), "the scorer is left alone until it answers again")
        try:
            yield
        except (Throttled, KeyRefused) as error:
            raise PutOff(0.001, str(error)) from error


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "PAUSE", 0.001)


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    """None yet."""
    return Answers(tmp_path / "compare-7-9.jsonl", 9, {})


def text(number: int) -> str:
    """The text of a comment."""
    return str(number / 100)


def asked() -> Iterator[tuple[int, Question]]:
    """The comments."""
    for number in range(COUNT):
        yield number, Question(0, text(number), 4)


def ask(scorer: FakeScorer, answers: Answers, gate: Gate | None = None) -> Asking:
    """One run."""
    told: list[int] = []
    one = Asking(scorer, gate or Gate(), answers, lambda: told.append(1))
    run(one.ask(asked()))
    assert COUNT == len(told)
    return one


def test_each_comment_once(answers: Answers) -> None:
    """As many at a time as the scorer may be asked."""
    scorer = FakeScorer(lambda score: score**3, Limits(concurrency=5))
    ask(scorer, answers)
    assert {number: {"TOXICITY": (number / 100) ** 3} for number in range(COUNT)} == answers.scores
    assert ({1}, 5) == (set(scorer.asked.values()), scorer.most)


@pytest.mark.parametrize("fault", [ScorerAway("away"), BadAnswer("nonsense"), Throttled("slower")], ids=str)
def test_a_fault_that_passes(answers: Answers, fault: ScorerError) -> None:
    """It is asked again."""
    scorer = FakeScorer()
    scorer.faults[text(3)] = [fault] * (asking.TRIES - 1)
    assert not ask(scorer, answers).failed
    assert (asking.TRIES, COUNT) == (scorer.asked[text(3)], len(answers.scores))


def test_a_fault_that_stays(answers: Answers) -> None:
    """The comment is left out and counted, and asked about in the next run."""
    scorer = FakeScorer()
    scorer.faults[text(3)] = [BadAnswer("nonsense")] * asking.TRIES
    assert {"nonsense": 1} == ask(scorer, answers).failed
    assert (False, COUNT - 1) == (3 in answers, len(answers.scores))


def test_what_cannot_be_scored(answers: Answers) -> None:
    """Is kept, as an answer is."""
    scorer = FakeScorer()
    scorer.faults[text(3)] = [Unscorable("no such language")]
    ask(scorer, answers)
    assert ({3}, 1) == (answers.unscorable, scorer.asked[text(3)])


@pytest.mark.parametrize(
    ("fault", "tries", "said"),
    [
        (KeyRefused("scorer 9 answered 403"), 1, "^scorer 9 answered 403$"),
        (
            ScorerAway("it is away"),
            asking.TRIES,
            "5 comments in a row failed, the last one because it is away",
        ),
    ],
    ids=str,
)
def test_no_use_in_going_on(answers: Answers, fault: ScorerError, tries: int, said: str) -> None:
    """The run is stopped, and what was answered before is kept."""
    scorer = FakeScorer(limits=Limits(concurrency=1))

    def fail_from_the_tenth_on() -> None:
        if len(scorer.asked) > 10:
            scorer.always = fault

    scorer.before = fail_from_the_tenth_on
    with pytest.raises(Stopped, match=said):
        ask(scorer, answers)
    assert 10 == len(answers.scores)
    assert tries == scorer.asked[text(10)]


def test_its_turn(answers: Answers) -> None:
    """Is waited for."""
    scorer = FakeScorer()
    ask(scorer, answers, Gate(*[0.001] * 50))
    assert {1} == set(scorer.asked.values())


def test_a_turn_that_does_not_come(answers: Answers) -> None:
    """Is not waited for: the scorer is away, or refuses the key."""
    with pytest.raises(Stopped, match="is left alone until it answers again"):
        ask(FakeScorer(), answers, Gate(600))


def test_an_answer_that_comes_later(answers: Answers) -> None:
    """There is nobody to wait for it."""
    scorer = FakeScorer()
    scorer.later = True
    with pytest.raises(Stopped, match="by callback"):
        ask(scorer, answers)


def test_what_is_asked(world: World) -> None:
    """A comment as the worker shows it: without tags, with its article's text and its parent's."""
    article = world.article(text="<p>What happened</p>")
    parent = world.comment(article, text="<b>No</b>")
    answer = world.comment(article, text="<i>Yes &amp; ü</i>", reply_id=parent)
    alone = world.comment(None, text="Hm")
    found = list(questions(world.engine, [parent, answer, alone, 99]))
    assert [
        (parent, "No", 9, ("What happened",)),
        (answer, "Yes &amp; ü", 18, ("What happened", "No")),
        (alone, "Hm", 2, ()),
    ] == [(number, of.text, of.text_length, of.context) for number, of in found]
    shown = found[1][1]
    assert (answer, "<i>Yes &amp; ü</i>") == (shown.comment["commentId"], shown.comment["htmlText"])
    assert (article, parent) == (
        shown.article and shown.article["articleId"],
        shown.in_reply_to and shown.in_reply_to["commentId"],
    )
