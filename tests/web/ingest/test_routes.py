"""`/api/ingest/comments`: what is sent, what is answered, what is stored and queued."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from actors import send_comment_for_scoring
from osmod.jobs.testing import assert_enqueued, assert_not_enqueued
from osmod.moderation.models import Comment, CommentScoreRequest, Group, User
from osmod.web.api.ingest.lines import LONGEST
from osmod.web.frame.bodies import LIMIT
from tests.found import only
from tests.moderation.world import World
from tests.web.conftest import MakeToken
from tests.web.ingest.conftest import NDJSON, PATH, answers_of, comment, lines


def test_one(publisher: TestClient, world: World) -> None:
    """201, then 200 as nothing changed, then 200 as the text did; queued for scoring where it is to be scored."""
    answer = publisher.post(PATH, json=comment())
    stored = only(world.all(Comment))
    told = {"line": 1, "sourceId": "c1", "commentId": stored.id}
    assert (201, told | {"status": "created"}) == (answer.status_code, answer.json())
    assert_enqueued(send_comment_for_scoring, comment_id=stored.id)

    again = publisher.post(PATH, json=comment())
    assert (200, told | {"status": "unchanged"}) == (again.status_code, again.json())
    edited = publisher.post(PATH, json=comment(text="Ill said"))
    assert (200, told | {"status": "updated"}) == (edited.status_code, edited.json())
    assert "Ill said" == world.get(Comment, stored.id).text


def test_comments_belong_to_the_service_that_sent_them(
    publisher: TestClient, token: MakeToken, world: World
) -> None:
    """It is told of what is decided on them. What an admin sends in is nobody's; who sent one first keeps it."""
    publisher.post(PATH, json=comment("c1"))
    admin = {"Authorization": f"Bearer {token('admin')}"}
    publisher.post(PATH, json=[comment("c1", text="changed"), comment("c2")], headers=admin)
    publisher.post(PATH, content=lines(comment("c3")), headers=NDJSON)
    service = only(world.all(User, group="service"))
    assert [service.id, None, service.id] == [one.owner_id for one in world.all(Comment)]


def test_one_that_is_refused(publisher: TestClient, world: World) -> None:
    """A problem that names the field; nothing is stored or queued."""
    answer = publisher.post(PATH, json=comment(author={"sourceId": "ann"}))
    assert (422, "author.name") == (answer.status_code, answer.json()["field"])
    assert "author.name: Field required." == answer.json()["detail"]
    assert 0 == world.size(Comment)
    assert_not_enqueued(send_comment_for_scoring)


def test_many(publisher: TestClient, world: World) -> None:
    """A list: each is answered for itself, in order; what is sent twice is taken twice."""
    sent = [comment("c1"), 7, comment("c2"), comment("c1", text="Changed")]
    answer = publisher.post(PATH, json=sent)
    told = [(one["line"], one["sourceId"], one["status"]) for one in answer.json()]
    assert [(1, "c1", "created"), (2, None, "refused"), (3, "c2", "created"), (4, "c1", "updated")] == told
    assert 200 == answer.status_code
    assert ["Changed", "Well said"] == [one.text for one in world.all(Comment)]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"sourceId": ""}, "sourceId"),
        ({"sourceId": "x" * 256}, "sourceId"),
        ({"sourceId": "blank "}, "sourceId"),
        ({"sourceId": "😀"}, "sourceId"),
        ({"sourceId": 7}, "sourceId"),
        ({"text": ""}, "text"),
        ({"text": None}, "text"),
        ({"author": "Ann"}, "author"),
        ({"author": {"sourceId": "a", "name": "A", "more": {"deep": 1}}}, "author.more"),
        ({"author": {"sourceId": "a", "name": "A", "more": 1e999}}, "author.more"),
        ({"article": {"title": "no id"}}, "article.sourceId"),
        ({"article": {"sourceId": "a", "category": {}}}, "article.category.sourceId"),
        ({"createdAt": "2026-01-01T00:00:00"}, "createdAt"),
        ({"createdAt": "0001-01-01T00:00:00+10:00"}, "createdAt"),
        ({"createdAt": 7}, "createdAt"),
        ({"replyToSourceId": ""}, "replyToSourceId"),
        ({"txet": "x"}, "txet"),
    ],
)
@pytest.mark.only_on("sqlite")
def test_fields(publisher: TestClient, changed: dict[str, Any], field: str) -> None:
    """Each that is wrong is named, and its value is not: it may be a comment."""
    body = lines(comment() | changed).replace(b"Infinity", b"1e999")
    answer = only(answers_of(publisher.post(PATH, content=body, headers=NDJSON).content))
    assert ("refused", field) == (answer["status"], answer["error"]["field"])
    assert str(changed) not in answer["error"]["detail"]


def test_a_stream(publisher: TestClient, world: World) -> None:
    """Every line has its answer; what is wrong with one stops no other."""
    too_long = b'{"text": "' + b"x" * LONGEST + b'"}\n'
    body = lines(comment("c1")) + b"{\n\n" + too_long + b"\xff\n" + lines(comment("c2"), comment("c1"))[:-1]
    answer = publisher.post(PATH, content=body, headers=NDJSON)
    assert (200, "application/x-ndjson") == (answer.status_code, answer.headers["content-type"])
    told = [(one["line"], one["status"]) for one in answers_of(answer.content)]
    assert [
        (1, "created"),
        (2, "refused"),
        (4, "refused"),
        (5, "refused"),
        (6, "created"),
        (7, "unchanged"),
    ] == told
    assert 2 == world.size(Comment)


@pytest.mark.only_on("sqlite")
def test_a_stream_of_which_little_is_told(publisher: TestClient) -> None:
    """Those that are refused, and how many there were."""
    body = lines(*(comment(f"c{number}") for number in range(505)), {}, comment("c1"))
    answers = answers_of(publisher.post(f"{PATH}?answers=refused", content=body, headers=NDJSON).content)
    assert [506] == [one["line"] for one in answers[:-1]]
    assert {"lines": 507, "created": 505, "refused": 1, "unchanged": 1} == answers[-1]


@pytest.mark.only_on("sqlite")
def test_an_empty_stream(publisher: TestClient) -> None:
    """Has no answers."""
    assert b"" == publisher.post(PATH, content=b"\n \n", headers=NDJSON).content


def test_characters(publisher: TestClient, world: World) -> None:
    """None is lost, and the same again is the same."""
    sent = comment(text="a 😀 b", author={"sourceId": "ann", "name": "Ann \U0001f600", "age": 7})
    halves = lines(sent)[:-1].replace(b"b", b"\\ud83d")
    for status in ("created", "unchanged"):
        answer = only(answers_of(publisher.post(PATH, content=halves, headers=NDJSON).content))
        assert status == answer["status"]
    stored = world.get(Comment, answer["commentId"])
    assert "a &#128512; \ufffd" == stored.text
    assert {"name": "Ann \U0001f600", "age": 7} == stored.author


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {"Content-Type": "application/json"}, 400),
        (b"[NaN]", {"Content-Type": "application/json"}, 400),
        (b"null", {"Content-Type": "application/json"}, 422),
        (b"[" * 100_000, {"Content-Type": "application/json"}, 400),
        (b" " * (LIMIT + 1), {"Content-Type": "application/json"}, 413),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"{}", {}, 415),
        (b"{}", NDJSON | {"Content-Encoding": "gzip"}, 415),
    ],
)
@pytest.mark.only_on("sqlite")
def test_bad_bodies(publisher: TestClient, body: bytes, headers: dict[str, str], status: int) -> None:
    """Each is a problem that says what to do."""
    answer = publisher.post(PATH, content=body, headers=headers)
    assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"])


def test_progress(publisher: TestClient, world: World) -> None:
    """Which scorers were asked, what they said, what was decided; nothing of text and author."""
    comment_id = publisher.post(PATH, json=comment("a/b")).json()["commentId"]
    scorer, tag = world.scorer(), world.tag("TOXICITY")
    world.rule(tag, 0, 1, "Accept")
    world.asked(comment_id, scorer)
    from actors import process_machine_score

    score_data = {"scores": {}, "summaryScores": {"TOXICITY": 0.25}}
    process_machine_score(comment_id=comment_id, user_id=scorer, score_data=score_data)
    answer = publisher.get(f"{PATH}/a%2Fb")
    told = answer.json()
    assert (200, "a/b", comment_id) == (answer.status_code, told["sourceId"], told["commentId"])
    assert (True, True, {"TOXICITY": 0.25}) == (told["isScored"], told["isAccepted"], told["summaryScores"])
    (decision,) = told["decisions"]
    assert ("Accept", "Rule", True) == (decision["status"], decision["source"], decision["isCurrent"])
    assert told["scoreRequests"][0]["doneAt"] is not None
    assert not {"text", "author"} & set(told)


def test_deleted(publisher: TestClient, world: World) -> None:
    """Gone, with all that was known of it; counted no more. It can come again."""
    kept = publisher.post(PATH, json=comment("kept", replyToSourceId="c1")).json()["commentId"]
    comment_id = publisher.post(PATH, json=comment()).json()["commentId"]
    world.asked(comment_id, world.scorer())
    assert 204 == publisher.delete(f"{PATH}/c1").status_code
    assert ([kept], 0) == ([one.id for one in world.all(Comment)], world.size(CommentScoreRequest))
    assert world.get(Comment, kept).reply_id is None
    assert [] == world.miscounted()
    for method in ("GET", "DELETE"):
        answer = publisher.request(method, f"{PATH}/c1")
        assert (404, "Comment not found: sourceId = c1.") == (answer.status_code, answer.json()["detail"])
    assert "created" == publisher.post(PATH, json=comment()).json()["status"]
    assert comment_id < publisher.get(f"{PATH}/kept").json()["replyId"]


@pytest.mark.only_on("sqlite")
def test_who_may(client: TestClient, token: MakeToken, world: World) -> None:
    """Services and admins; moderators may look."""
    expected: dict[Group, tuple[int, int]] = {
        "service": (422, 404),
        "admin": (422, 404),
        "general": (403, 404),
        "moderator": (403, 403),
        "youtube": (403, 403),
    }
    for group, (sent, seen) in expected.items():
        shown = {"Authorization": f"Bearer {token(group)}"}
        assert sent == client.post(PATH, json={}, headers=shown).status_code
        assert seen == client.get(f"{PATH}/c1", headers=shown).status_code
        assert (404 if sent == 422 else 403) == client.delete(f"{PATH}/c1", headers=shown).status_code
    assert 401 == client.post(PATH, json=comment()).status_code
    assert 0 == world.size(Comment)
