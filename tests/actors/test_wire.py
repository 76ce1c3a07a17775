"""What travels between OSMod's servers and the worker: names, payloads, options."""

from __future__ import annotations

import pytest
from dramatiq.errors import ConnectionFailed
from sqlalchemy.exc import IntegrityError, OperationalError

from osmod.moderation.errors import BadPayload, NotFound
from osmod.moderation.models import Comment, CommentFlag, CommentScore, Decision
from osmod.scorers import BadScorerConfig, ScorerError
from tests.actors.conftest import ACTORS
from tests.actors.jobs import Jobs
from tests.found import only
from tests.moderation.world import World

OSMODS = {
    "acceptComments",
    "acceptCommentsAndFlags",
    "addTag",
    "confirmCommentSummaryScore",
    "confirmTag",
    "deferComments",
    "highlightComments",
    "processMachineScore",
    "processTagAddition",
    "processTagRevocation",
    "rejectComments",
    "rejectCommentsAndFlags",
    "rejectCommentSummaryScore",
    "rejectTag",
    "removeTag",
    "resetComments",
    "resetTag",
    "resolveFlags",
    "sendCommentForScoring",
    "tagComments",
    "tagCommentSummaryScores",
    "youtube:commentModerated",
}
OURS = {
    "askScorer",
    "checkCounts",
    "heartbeat",
    "missScores",
    "postProcessComment",
    "pruneInbox",
    "pruneJobs",
    "pruneTokens",
    "reopenFlags",
    "restoreSummaryScore",
    "sweepOutbox",
    *("deliverDecision", "sweepDeliveries", "pruneDeliveries"),
}


def test_wire_names() -> None:
    """Every task of OSMod is there under its name, and nothing else but what ours adds."""
    assert OSMODS | OURS == {actor.actor_name for actor in ACTORS}


def test_server_code_finds_them_by_their_python_names() -> None:
    """`from actors import accept_comments`: a snake_case name for each."""
    import actors

    for name in actors.__all__:
        first, *rest = name.split("_")
        wire_name = getattr(actors, name).actor_name.replace(":", "")
        assert wire_name.lower() == (first + "".join(rest)).lower()


@pytest.mark.parametrize(
    "payload",
    [
        {"commentId": 1, "userId": 1, "isBatchAction": True},
        {"comment_id": 1, "user_id": 1, "is_batch_action": True},
        {"commentId": 1, "user_id": 1, "isBatchAction": True},
    ],
)
def test_payloads_in_either_case(jobs: Jobs, world: World, payload: dict[str, object]) -> None:
    """OSMod's camelCase and Python's snake_case are one."""
    world.comment(world.article())
    world.user()
    jobs.deliver("acceptComments", **payload)
    assert [(1, 1)] == [(d.comment_id, d.user_id) for d in world.all(Decision)]
    assert world.get(Comment, 1).is_batch_resolved


def test_positional_arguments(jobs: Jobs, world: World) -> None:
    """Dramatiq lets arguments travel by position; they arrive, too."""
    comment = world.comment(world.article())
    message = jobs.message("rejectComments").copy(args=(comment, None, True), kwargs={})
    jobs.broker.process(message)
    assert world.get(Comment, comment).is_accepted is False


@pytest.mark.parametrize("user", [None, 0])
def test_no_user(jobs: Jobs, world: World, user: int | None) -> None:
    """OSMod takes 0 for no user, as null."""
    comment = world.comment(world.article())
    jobs.deliver("acceptComments", commentId=comment, userId=user, isBatchAction=False)
    assert [("Rule", None)] == [(d.source, d.user_id) for d in world.all(Decision)]


def test_scores_arrive_whole(jobs: Jobs, world: World) -> None:
    """A scorer's answer as it travels; its span lies beyond the text, which is kept as given."""
    comment, scorer = world.comment(world.article(), text="short"), world.scorer()
    world.asked(comment, scorer)
    jobs.deliver(
        "processMachineScore",
        commentId=comment,
        userId=scorer,
        scoreData={
            "scores": {" spam ": [{"score": 0.25, "begin": 7, "end": 4_000_000_000}]},
            "summaryScores": {"SPAM": 1},
        },
    )
    score = only(world.all(CommentScore))
    assert (7, 4_000_000_000, 0.25) == (score.annotation_start, score.annotation_end, score.score)
    assert 1.0 == world.get(Comment, comment).max_summary_score


def test_a_flag_s_extra(jobs: Jobs, world: World) -> None:
    """`extra` is any JSON, with characters of any size; not given it differs from null."""
    world.comment(world.article(), source_id="c1")
    flag = {"type": "flag", "sourceCommentId": "c1", "sourceUserId": "r1"}
    jobs.deliver("processTagAddition", **flag, extra={"why": ["😀", None, 1.5, "half \ud83d"]})
    jobs.deliver("processTagAddition", **flag)
    assert [{"why": ["😀", None, 1.5, "half \ufffd"]}] == [row.extra for row in world.all(CommentFlag)]
    jobs.deliver("processTagAddition", **flag, extra=None)
    assert [None] == [row.extra for row in world.all(CommentFlag)]


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.actor_name)
def test_retry_policy(actor) -> None:
    """Failures that may pass by themselves are retried a bounded number of times, others never."""
    retry_when = actor.options["retry_when"]
    gone = OperationalError("SELECT 1", {}, Exception(2006, "gone"))
    for passing in (gone, ConnectionFailed("no queue"), TimeoutError(), ScorerError("busy")):
        assert retry_when(0, passing)
        assert not retry_when(2_000, passing)
    twice = IntegrityError("INSERT", {}, Exception(1062, "twice"))
    for final in (NotFound("x"), BadPayload("x"), BadScorerConfig("x"), twice, KeyError("x")):
        assert not retry_when(0, final)
    assert 1_000 <= actor.options["min_backoff"] <= actor.options["max_backoff"] <= 600_000
