"""Bad input: a clear error that names field and value, if that is not private, and a database as it was before."""

from __future__ import annotations

from typing import Any

import pytest

from osmod.moderation.errors import Refused
from osmod.moderation.models import CommentScoreRequest, CommentSummaryScore
from tests.actors.jobs import Jobs
from tests.moderation.world import World

NAN = float("nan")
FLAG = {"type": "flag", "sourceCommentId": "c1", "sourceUserId": "r1"}
ACTION = {"commentId": 1, "userId": None, "isBatchAction": False}
ACTION_FIELDS = "the fields are commentId, userId, isBatchAction"
UNSTORABLE = "OSMod's column cannot hold '😀': it is utf8mb3, three bytes a character; send it without"


def scored(scores: dict[str, Any] | None = None, summary: dict[str, Any] | None = None) -> dict[str, Any]:
    """The payload of a processMachineScore."""
    data = {"scores": scores or {}, "summaryScores": summary or {}}
    return {"commentId": 1, "userId": 2, "scoreData": data}


CASES: list[tuple[str, dict[str, Any], str]] = [
    # Unknown ids.
    ("acceptComments", ACTION | {"commentId": 99}, "Comment not found, id: 99"),
    ("acceptComments", ACTION | {"userId": 99}, "User not found, id: 99"),
    ("highlightComments", ACTION | {"commentId": 99}, "Comment not found, id: 99"),
    ("resetComments", ACTION | {"commentId": 99}, "Comment not found, id: 99"),
    ("resolveFlags", {"commentId": 99}, "No such comment 99"),
    ("reopenFlags", {"commentId": 99, "flagIds": [1], "userId": 1}, "No such comment 99"),
    (
        "reopenFlags",
        {"commentId": 1, "flagIds": [0], "userId": 1},
        "reopenFlags: flagIds.0: Input should be greater than or equal to 1 (it is 0)",
    ),
    ("tagComments", {"commentId": 1, "tagId": 99, "userId": None}, "Tag not found, id: 99"),
    ("addTag", {"commentId": 99, "tagId": 1, "userId": None}, "Comment not found, id: 99"),
    ("tagCommentSummaryScores", {"commentId": 1, "tagId": 99}, "Tag not found, id: 99"),
    ("confirmCommentSummaryScore", {"commentId": 1, "tagId": 1, "userId": 99}, "User not found, id: 99"),
    ("removeTag", {"commentScoreId": 99}, "Comment Score Not found, id: 99"),
    ("postProcessComment", {"commentId": 99}, "Comment not found, id: 99"),
    ("sendCommentForScoring", {"commentId": 99}, "sendCommentForScoringTask: Comment not found, id: 99"),
    ("processTagAddition", FLAG | {"sourceCommentId": "no"}, "Comment not found: sourceId = no"),
    ("processTagRevocation", FLAG | {"sourceCommentId": "no"}, "Comment not found: sourceId = no"),
    ("youtube:commentModerated", {"ownerId": 99, "commentId": 1}, "No user with ID 99"),
    (
        "processMachineScore",
        scored() | {"userId": 1},
        "Comment score request not found: scorer 1 was not asked about comment 1; queue sendCommentForScoring",
    ),
    # Missing, unknown and wrongly typed fields.
    ("acceptComments", {}, "acceptComments: commentId is missing"),
    (
        "acceptComments",
        ACTION | {"commentID": 1},
        f"acceptComments: commentID is unknown (it is 1); {ACTION_FIELDS}",
    ),
    (
        "sendCommentForScoring",
        {"commentId": 1, "force": True},
        "sendCommentForScoring: force is unknown (it is True); the fields are commentId, missing",
    ),
    (
        "acceptComments",
        {"commentId": "1", "isBatchAction": 1},
        "acceptComments: commentId: Input should be a valid integer (it is '1'); "
        "isBatchAction: Input should be a valid boolean (it is 1)",
    ),
    *(
        (
            "sendCommentForScoring",
            {"commentId": text},
            f"sendCommentForScoring: commentId: Input should be a valid integer (it is {text!r})",
        )
        for text in ("", "1x", " 1", "1.0", "-1", "١", "9" * 11)
    ),
    (
        "sendCommentForScoring",
        {"commentId": "0"},
        "sendCommentForScoring: commentId: Input should be greater than or equal to 1 (it is 0)",
    ),
    (
        "acceptComments",
        ACTION | {"commentId": 0},
        "acceptComments: commentId: Input should be greater than or equal to 1 (it is 0)",
    ),
    (
        "acceptComments",
        ACTION | {"commentId": 2**32},
        "acceptComments: commentId: Input should be less than or equal to 4294967295 (it is 4294967296)",
    ),
    (
        "acceptComments",
        ACTION | {"commentId": True},
        "acceptComments: commentId: Input should be a valid integer (it is True)",
    ),
    (
        "acceptComments",
        ACTION | {"userId": -1},
        "acceptComments: userId: Input should be greater than or equal to 0 (it is -1)",
    ),
    ("processMachineScore", {"commentId": 1, "userId": 2}, "processMachineScore: scoreData is missing"),
    (
        "processMachineScore",
        {"commentId": 1, "userId": 2, "scoreData": {"scores": {}}},
        "processMachineScore: scoreData.summaryScores is missing",
    ),
    (
        "processMachineScore",
        scored({"A": [{"begin": 1}]}),
        "processMachineScore: scoreData.scores.A.0.score is missing",
    ),
    (
        "processMachineScore",
        scored({"A": [{"score": "high"}]}),
        "processMachineScore: scoreData.scores.A.0.score: Input should be a valid number (it is 'high')",
    ),
    # Scores and spans.
    (
        "processMachineScore",
        scored(summary={"A": 1.5}),
        "processMachineScore: scoreData.summaryScores.A: Input should be less than or equal to 1 (it is 1.5)",
    ),
    (
        "processMachineScore",
        scored({"A": [{"score": -0.1}]}),
        "processMachineScore: scoreData.scores.A.0.score: "
        "Input should be greater than or equal to 0 (it is -0.1)",
    ),
    (
        "processMachineScore",
        scored(summary={"A": NAN}),
        "processMachineScore: scoreData.summaryScores.A: Input should be a finite number (it is nan)",
    ),
    (
        "processMachineScore",
        scored({"A": [{"score": 0.5, "begin": -1, "end": 3}]}),
        "processMachineScore: scoreData.scores.A.0.begin: "
        "Input should be greater than or equal to 0 (it is -1)",
    ),
    (
        "processMachineScore",
        scored({"A": [{"score": 0.5, "begin": 9, "end": 3}]}),
        "processMachineScore: scoreData.scores.A.0: the span ends (3) before it begins (9) "
        "(it is {'score': 0.5, 'begin': 9, 'end': 3})",
    ),
    (
        "addTag",
        {"commentId": 1, "tagId": 1, "annotationStart": 6, "annotationEnd": 2},
        "addTag: annotationEnd: the span ends (2) before it begins (6)",
    ),
    (
        "addTag",
        {"commentId": 1, "tagId": 1, "annotationStart": -6},
        "addTag: annotationStart: Input should be greater than or equal to 0 (it is -6)",
    ),
    # Text that the columns cannot hold.
    (
        "processMachineScore",
        scored(summary={"A😀": 0.5}),
        f"processMachineScore: scoreData.summaryScores.A😀.[key]: {UNSTORABLE} (it is 'A😀')",
    ),
    (
        "processMachineScore",
        scored({"  ": []}),
        "processMachineScore: scoreData.scores.  .[key]: "
        "an attribute name has 1 to 255 characters (it is '  ')",
    ),
    (
        "processTagAddition",
        FLAG | {"type": "x😀"},
        f"processTagAddition: type: {UNSTORABLE} (it is 'x😀')",
    ),
    (
        "processTagAddition",
        FLAG | {"sourceUserId": "😀"},
        f"processTagAddition: sourceUserId: {UNSTORABLE} (it is •••)",
    ),
    (
        "processTagRevocation",
        FLAG | {"sourceCommentId": "😀"},
        f"processTagRevocation: sourceCommentId: {UNSTORABLE} (it is '😀')",
    ),
    (
        "processTagAddition",
        FLAG | {"sourceUserId": "\ud83d"},
        "processTagAddition: sourceUserId: "
        "Input should be a valid string, unable to parse raw data as a unicode string (it is •••)",
    ),
    (
        "processTagAddition",
        FLAG | {"type": "x" * 81},
        f"processTagAddition: type: String should have at most 80 characters (it is '{'x' * 76}...)",
    ),
    (
        "processTagAddition",
        FLAG | {"sourceUserId": ""},
        "processTagAddition: sourceUserId: String should have at least 1 character (it is •••)",
    ),
    (
        "processTagAddition",
        FLAG | {"extra": {"a": NAN}},
        "processTagAddition: extra: this is no JSON, which has no NaN, no infinities and no endless nesting "
        "(it is •••)",
    ),
]


@pytest.fixture
def before(world: World) -> dict[str, Any]:
    """A comment, a moderator (1), a scorer that was asked (2) and a tag."""
    world.user()
    world.scorer({"endpointType": "local"})
    comment, tag = world.comment(world.article(world.category()), source_id="c1"), world.tag("TOXICITY")
    world.asked(comment, 2)
    world.add(CommentSummaryScore(comment_id=comment, tag_id=tag, score=0.5))
    return world.dump()


@pytest.mark.parametrize(("wire_name", "payload", "message"), CASES)
def test_refused(
    jobs: Jobs, world: World, before: dict[str, Any], wire_name: str, payload: dict[str, Any], message: str
) -> None:
    """The job fails at once and for good, says what is wrong with what, and has changed nothing."""
    with pytest.raises(Refused) as refused:
        jobs.deliver(wire_name, **payload)
    assert message == str(refused.value)
    actor = jobs.broker.get_actor(wire_name)
    assert not actor.options["retry_when"](0, refused.value)
    assert before == world.dump()
    assert [] == jobs.waiting()


def test_too_many_arguments(jobs: Jobs, world: World) -> None:
    """A surplus of positional arguments is named, too."""
    with pytest.raises(Refused, match=r"^resetTag: 2 arguments, but it takes 1$"):
        jobs.broker.process(jobs.message("resetTag").copy(args=(1, 2)))


@pytest.mark.parametrize("name", ["toxicity", " TOXICITY ", "Toxicity", "töxicity"])
def test_an_attribute_by_another_spelling(jobs: Jobs, world: World, name: str) -> None:
    """Case, accents and blanks of an attribute's name make no new tag and no error."""
    comment, tag, scorer = world.comment(world.article()), world.tag("TOXICITY"), world.scorer()
    world.asked(comment, scorer)
    data = {"scores": {name: [{"score": 0.5}]}, "summaryScores": {name: 0.5}}
    jobs.deliver("processMachineScore", commentId=comment, userId=scorer, scoreData=data)
    assert [(tag, 0.5)] == [(row.tag_id, row.score) for row in world.all(CommentSummaryScore)]
    assert all(request.done_at for request in world.all(CommentScoreRequest))


@pytest.mark.parametrize("wire_name", ["confirmTag", "rejectTag", "resetTag"])
def test_an_unknown_score_is_passed_over(jobs: Jobs, world: World, wire_name: str) -> None:
    """What is said of a score that is not there (a rescore deleted it) is no error, as in OSMod."""
    jobs.deliver(wire_name, commentScoreId=99)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"sourceUserId": "reader " * 100},
            "sourceUserId: String should have at most 255 characters (it is •••)",
        ),
        ({"sourceUserId": 4711}, "sourceUserId: Input should be a valid string (it is •••)"),
        (
            {"reader": "reader 4711"},
            "reader is unknown (it is •••); the fields are type, sourceCommentId, sourceUserId, extra",
        ),
    ],
)
def test_what_is_private_is_not_quoted(jobs: Jobs, given: dict[str, Any], sentence: str) -> None:
    """Of a flag: who the reader is, and what they wrote. Not in part, either."""
    with pytest.raises(Refused) as refused:
        jobs.deliver("processTagAddition", **(FLAG | given))
    assert f"processTagAddition: {sentence}" == str(refused.value)


@pytest.mark.parametrize(
    ("wire_name", "private"),
    [("processTagAddition", {"source_user_id", "extra"}), ("processTagRevocation", {"source_user_id"})],
)
def test_what_is_private_of_readers(jobs: Jobs, wire_name: str, private: set[str]) -> None:
    """Masked wherever a job is shown."""
    assert private == set(jobs.broker.get_actor(wire_name).options["sensitive"])
