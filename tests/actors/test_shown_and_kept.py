"""What scorers are shown of a comment, and what is kept with their scores."""

from __future__ import annotations

import pytest

from osmod.moderation.models import CommentScore
from osmod.scorers import Question, Scored
from tests.actors.jobs import Jobs
from tests.actors.scorers import ToldScorer, ask
from tests.actors.scorers import told as told
from tests.moderation.world import World


def test_what_is_kept_with_scores(
    jobs: Jobs, world: World, told: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That only the beginning of a text was scored is kept with each span."""
    extra = {"truncated": {"bytes": 20_480, "of": 31_000}}
    span = {"score": 0.5, "begin": 0, "end": 4}
    answer = Scored({"scores": {"TOXICITY": [span]}, "summaryScores": {"TOXICITY": 0.5}, "extra": extra})
    monkeypatch.setattr(ToldScorer, "does", lambda question: answer)
    jobs.deliver("sendCommentForScoring", commentId=told)
    jobs.work_off()
    assert [extra] == [row.extra for row in world.all(CommentScore)]


def test_the_assistant_protocol(jobs: Jobs, world: World, told: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a scorer is shown: the texts with and without tags, where they are, and where to call back."""
    monkeypatch.setenv("API_URL", "https://osmod.example/api/")
    shown: list[Question] = []
    monkeypatch.setattr(ToldScorer, "does", shown.append)
    reply = world.comment(1, text="<b>No</b>", reply_id=told)
    jobs.deliver("sendCommentForScoring", commentId=reply)
    ask(jobs)
    (question,) = shown
    place = "https://osmod.example/api"
    assert ("No", 9, ("What happened", "Well said")) == (
        question.text,
        question.text_length,
        question.context,
    )
    assert {"callback": f"{place}/assistant/scores/{question.request_id}"} == question.links
    assert question.comment == {
        "commentId": reply,
        "plainText": "No",
        "htmlText": "<b>No</b>",
        "links": {"self": f"{place}/rest/comments/{reply}"},
    }
    assert question.article
    assert {"self": f"{place}/rest/articles/1"} == question.article["links"]
    assert question.in_reply_to
    assert told == question.in_reply_to["commentId"]
