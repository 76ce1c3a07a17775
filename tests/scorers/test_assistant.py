"""OSMod's assistant protocol: answered at once, or later."""

from __future__ import annotations

from typing import Any

import pytest

from osmod.loop import run
from osmod.scorers import BadAnswer, Question, Scored, ScorerAway, scorer_for
from tests.scorers.fake import Fake, Reply

COMMENT = {
    "commentId": 12,
    "plainText": "You fool",
    "htmlText": "You <b>fool</b>",
    "links": {"self": "http://osmod/api/rest/comments/12"},
}
ARTICLE = {"articleId": 1, "plainText": "Body", "links": {"self": "http://osmod/api/rest/articles/1"}}
PARENT = {**COMMENT, "commentId": 11, "plainText": "Parent words"}
CALLBACK = "https://osmod.example/api/assistant/scores/%d"
QUESTION = Question(
    7,
    "You fool",
    15,
    ("Body", "Parent words"),
    comment=COMMENT,
    article=ARTICLE,
    in_reply_to=PARENT,
    links={"callback": CALLBACK % 7},
)


def ask(fake: Fake, question: Question = QUESTION, **changes: Any) -> Scored | None:
    config = {
        "endpointType": "assistant",
        "endpoint": fake.url + "/api/score-comment",
        "apiKey": "k-123",
        **changes,
    }
    return run(scorer_for(6, config).score(question))


def test_asks_as_osmod_does(fake: Fake) -> None:
    """The comment, its article and its parent, and where an answer that comes later goes; the key as it is."""
    ask(fake)
    ask(fake, Question(8, "Hi", 2, comment={"commentId": 13}, links={"callback": CALLBACK % 8}), sync=False)
    first, second = fake.asked
    assert {
        "sync": True,
        "includeSummaryScores": True,
        "comment": COMMENT,
        "article": ARTICLE,
        "inReplyToComment": PARENT,
        "links": {"callback": "https://osmod.example/api/assistant/scores/7"},
    } == first.json
    assert ("/api/score-comment", "k-123") == (first.path, first.headers["authorization"])
    assert {
        "sync": False,
        "includeSummaryScores": True,
        "comment": {"commentId": 13, "plainText": "Hi"},
        "article": None,
        "links": {"callback": "https://osmod.example/api/assistant/scores/8"},
    } == second.json


def test_answered_at_once(fake: Fake) -> None:
    """Scores as they are; summaries may be missing."""
    fake.answer({"scores": {"SPAM": [{"score": 0.5, "begin": 0, "end": 3}, {"score": 1}]}, "more": True})
    assert ask(fake) == Scored(
        {
            "scores": {"SPAM": [{"score": 0.5, "begin": 0, "end": 3}, {"score": 1.0}]},
            "summaryScores": {},
        }
    )
    fake.answer({"scores": {}, "summaryScores": {"SPAM": 0.5}})
    assert ask(fake) == Scored({"scores": {}, "summaryScores": {"SPAM": 0.5}})


@pytest.mark.parametrize(
    "reply", [Reply(status=202, body=b""), Reply(status=200, json={}), Reply(json={"status": "queued"})]
)
def test_answered_later(fake: Fake, reply: Reply) -> None:
    """Whoever has taken the question and says nothing of scores will."""
    fake.answer(reply)
    assert ask(fake) is None


def test_its_own_errors(fake: Fake) -> None:
    """It is what stands behind the assistant that is away; the comment's text is not repeated."""
    fake.answer({"error": "Problem scoring You fool: connection to ML backend timed out."})
    with pytest.raises(ScorerAway, match="could not score: Problem scoring …: connection to ML backend"):
        ask(fake)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("the answer = [1]", [1]),
        ("scores.T.0.score = 2", {"scores": {"T": [{"score": 2}]}}),
        ("ends before it begins", {"scores": {"T": [{"score": 1, "begin": 2, "end": 1}]}}),
        ("summaryScores.T = 'x'", {"summaryScores": {"T": "x"}}),
        ("at most 500 items", {"summaryScores": {f"A{n}": 0.5 for n in range(501)}}),
        ("at most 500 items", {"scores": {f"A{n}": [] for n in range(501)}}),
    ],
)
def test_answers_that_make_no_sense(fake: Fake, said: str, answer: Any) -> None:
    """By field and value."""
    fake.answer(answer)
    with pytest.raises(BadAnswer) as error:
        ask(fake)
    assert said in str(error.value)
