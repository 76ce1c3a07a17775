"""Moderate: what waits is shown, decided, taken back; nothing is doubled and nobody works on the same unknowingly."""

from __future__ import annotations

import re

import pytest
from dramatiq.errors import BrokerConnectionError
from fastapi.testclient import TestClient

from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from osmod.jobs.records import JobFilter
from osmod.jobs.steering import cancel
from osmod.moderation.database import open_session
from osmod.moderation.desk import claims, queues
from osmod.moderation.models import (
    Claim,
    Comment,
    CommentFlag,
    CommentScore,
    CommentSummaryScore,
    Decision,
    OutboxEntry,
    now,
)
from osmod.settings import get_settings
from osmod.web.pages.frame.fragments import RENDERINGS
from osmod.web.pages.frame.session import CSRF, csrf_of
from tests.moderation.world import World
from tests.pages.conftest import Press, SignIn, waiting
from tests.web.conftest import USERS

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]

HOSTILE = '<script>alert(1)</script> & "you"'


def test_the_text_is_text(client: TestClient, sign_in: SignIn, world: World) -> None:
    """Marked where scorers and moderators say; with parent, flags, record and why no rule decided; never HTML."""
    article = world.article(world.category(), title="<b>Title</b>")
    tag = world.tag("TOXICITY")
    world.rule(tag, 0.9, 1, "Reject")
    parent = waiting(world, article, 0.1, "<i>Parent</i>")
    comment = waiting(world, article, 0.83, HOSTILE, author={"name": "<u>Bob</u>"}, reply_id=parent)
    world.add(CommentSummaryScore(comment_id=comment, tag_id=tag, score=0.83))
    world.add(CommentFlag(comment_id=comment, label="<s>spam</s>"))
    span = {"score": 0.7, "annotation_start": 12, "annotation_end": 15}
    world.add(CommentScore(comment_id=comment, tag_id=tag, source_type="Machine", **span))
    sign_in(Role.MODERATOR)

    page = client.get("/ui/moderate", params={"comment": comment}).text

    for raw in ("<script>alert", "<b>Title", "<i>Parent", "<u>Bob", "<s>spam"):
        assert raw not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#34;" in page
    assert re.search(r'<mark[^>]* title="TOXICITY 0.700"><span data-at="29">you</span>', page)
    assert "No rule matches its scores." in page
    assert "Missed by 0.070: rule 1: Reject where TOXICITY is 0.9 to 1; the score is 0.830." in page
    assert "style=" not in page


def test_decide_and_the_next_is_there(client: TestClient, press: Press, world: World) -> None:
    """The highest first; each act in the moderator's own name; at the end that is said."""
    article = world.article(world.category())
    second, first = waiting(world, article, 0.5), waiting(world, article, 0.9)
    begin = press("/ui/moderate?lower=0.1", "/ui/moderate/next", query="lower=0.1")
    assert f"Comment {first}<" in begin.text

    then = press(str(begin.url), "reject")

    assert f"Rejected comment {first}." in then.text
    assert f"Comment {second}<" in then.text
    assert "lower=0.1" in str(then.url)
    done = world.get(Comment, first)
    assert (False, True) == (done.is_accepted, done.is_moderated)
    assert [USERS["general"]] == [row.user_id for row in world.all(Decision, comment_id=first)]
    assert "That was the last comment" in press(str(then.url), "approve").text

    taken_back = press("/ui/moderate", "undoes")

    assert f"Comment {second} is put back." in taken_back.text
    assert world.get(Comment, second).is_accepted is None


def test_a_reason_and_a_tag_on_a_span(press: Press, world: World) -> None:
    """The one is said of a score, the other is a tag; without one, or with its end before its begin, it is refused."""
    article = world.article()
    spam = world.tag("SPAM", is_taggable=True)
    one, other = waiting(world, article, 0.9), waiting(world, article, 0.8)
    page = f"/ui/moderate?comment={one}"

    press(page, "tag", tag_id=str(spam), start="0", end="4")
    assert "choose one from the list" in press(page, "tag").text
    assert "the span ends (2) before it begins (5)" in press(page, "tag", tag_id="1", start="5", end="2").text
    press(f"/ui/moderate?comment={other}", "reject", tag_id=str(spam))

    assert [(one, 0, 4)] == [
        (row.comment_id, row.annotation_start, row.annotation_end) for row in world.all(CommentScore)
    ]
    assert [(other, spam, 1.0, True)] == [
        (row.comment_id, row.tag_id, row.score, row.is_confirmed) for row in world.all(CommentSummaryScore)
    ]
    assert world.get(Comment, other).is_accepted is False


def test_a_reason_that_must_be_given(
    client: TestClient, press: Press, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is set so, nobody rejects without one; nothing else asks for any."""
    monkeypatch.setenv("REQUIRE_REASON_TO_REJECT", "true")
    get_settings.cache_clear()
    spam = world.tag("SPAM")
    first, second = (waiting(world, world.article(), score) for score in (0.9, 0.8))
    page = f"/ui/moderate?comment={first}"
    assert 'name="tag_id" required><option value="">choose a reason' in client.get(page).text

    refused = press(page, "reject")

    assert (422, True) == (refused.status_code, "choose why it is rejected; nothing was done" in refused.text)
    assert world.get(Comment, first).is_accepted is None
    assert f"Rejected comment {first}." in press(page, "reject", tag_id=str(spam)).text
    assert f"Approved comment {second}." in press(f"/ui/moderate?comment={second}", "approve").text


def test_a_form_that_is_sent_twice_acts_once(client: TestClient, press: Press, world: World) -> None:
    """As when the answer was lost, or by a double click: a highlight would be a toggle."""
    comment = waiting(world, world.article(), 0.9)
    sent = press(f"/ui/moderate?comment={comment}", "highlight")
    body = sent.history[0].request.content
    client.post(
        "/ui/moderate/act", content=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert world.get(Comment, comment).is_highlighted


def test_a_range_that_is_sent_twice(client: TestClient, press: Press, world: World) -> None:
    """Is said to be done by the second answer, too, which is the one that a browser shows; without an id nothing is."""
    article = world.article()
    ids = [waiting(world, article, score) for score in (0.5, 0.6)]
    page = "/ui/moderate?lower=0.4&batch=reject"
    sent = press(page, "reject")
    body = sent.history[0].request.content
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert "Rejected 2 comments." in client.post("/ui/moderate/batch", content=body, headers=kind).text
    assert len(ids) == world.size(Decision)
    assert (
        "form: an id of your own is missing"
        in press(f"/ui/moderate?comment={ids[0]}", "approve", form="").text
    )


def test_what_is_to_be_taken_back_is_not_another_act(client: TestClient, press: Press, world: World) -> None:
    """As where the page is older than the hundred acts that are kept."""
    comment = waiting(world, world.article(), 0.9)
    press(f"/ui/moderate?comment={comment}", "approve")
    said = client.post("/ui/moderate/undo", data={**_proof(client), "undoes": "forgotten"}).text
    assert "Nothing was done: there is nothing to take back." in said
    assert world.get(Comment, comment).is_accepted


def test_a_range_at_once(press: Press, world: World) -> None:
    """With the true count, which must be the one that was said; what others are at stays."""
    article = world.article()
    low, middle, theirs = (waiting(world, article, score) for score in (0.1, 0.5, 0.6))
    with open_session(world.engine) as session:
        claims.take(session, theirs, USERS["admin"], now())
        session.commit()
    page = "/ui/moderate?lower=0.4&upper=0.7&batch=reject"

    said = press(page, "reject", count="2").text
    assert "Nothing was done: 1 comment is meant now, not 2: look again." in said
    assert world.get(Comment, middle).is_accepted is None
    assert "Rejected 1 comment." in press(page, "reject").text

    assert [None, False, None] == [world.get(Comment, one).is_accepted for one in (low, middle, theirs)]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("queue=old", "There is no queue &#39;old&#39;; the new ones are shown."),
        ("lower=high", "lower=&#39;high&#39; is no score: a number from 0 to 1. 0 is taken."),
        ("lower=0.9&upper=0.1", "No score lies from 0.9 to 0.1; all scores are shown."),
        ("category=77", "There is no category 77 any more; all are shown."),
        ("tag=x", "tag=&#39;x&#39; is no id of any attribute; all are shown."),
        ("comment=x", "x is no id of a comment."),
    ],
)
def test_wrong_addresses(client: TestClient, sign_in: SignIn, world: World, query: str, said: str) -> None:
    """What makes no sense is named, and the rest is shown."""
    waiting(world, world.article(world.category()), 0.5)
    sign_in(Role.MODERATOR)
    answer = client.get(f"/ui/moderate?{query}")
    assert 200 == answer.status_code
    assert said in answer.text
    assert "1 comment" in answer.text


def test_nothing_waits(client: TestClient, sign_in: SignIn, world: World) -> None:
    """Is said, and what would."""
    proof = {CSRF: sign_in(Role.MODERATOR)}
    page = client.get("/ui/moderate").text
    assert "Nothing waits for a person." in page
    assert "Comments come here once they are scored" in page
    said = client.post("/ui/moderate/next", data=proof).text
    assert "No comment of those chosen waits that nobody is at." in said


def test_a_range_of_many_digits(client: TestClient, press: Press, world: World) -> None:
    """Is the same in the form as in the address: cut to six digits, this one is all comments, those without scores
    among them."""
    article = world.article()
    scored = waiting(world, article, 0.5)
    unscored = world.comment(article, is_scored=True)
    page = "/ui/moderate?upper=0.9999999&batch=reject"
    assert 'value="0.9999999"' in client.get(page).text
    assert "Rejected 1 comment." in press(page, "reject").text
    assert [False, None] == [world.get(Comment, one).is_accepted for one in (scored, unscored)]


def test_more_than_are_looked_at(
    client: TestClient, sign_in: SignIn, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is said where it makes a difference."""
    monkeypatch.setattr(queues, "FEW", 1)
    article = world.article()
    for score in (0.2, 0.4):
        waiting(world, article, score)
    sign_in(Role.MODERATOR)
    page = client.get("/ui/moderate?lower=0.1").text
    assert "1 comment of the newest 1<" in page
    assert "2 wait; the bars are of the newest 1." in page


def test_on_its_way_and_failed(client: TestClient, press: Press, world: World, queue: JobBroker) -> None:
    """Until its job is done a comment is offered to nobody; one whose job fails waits again, with the reason."""
    comment = waiting(world, world.article(), 0.9)
    after = press(f"/ui/moderate?comment={comment}", "approve").text
    assert f"Approved comment {comment}." in after
    assert "on its way" in after
    assert "That was the last comment" in after
    assert (
        "Nothing was done: it is on its way still"
        in client.post("/ui/moderate/undo", data=_proof(client)).text
    )

    cancel(queue, JobFilter(actor="acceptComments"), by="ann")
    RENDERINGS.forget()

    page = client.get("/ui/moderate").text
    assert f"Comment {comment}</a> failed and waits again: Cancelled: by ann." in page
    assert f"Comment {comment}<" in press("/ui/moderate", "/ui/moderate/next").text
    assert [] == world.all(OutboxEntry)


def test_redis_is_away(
    client: TestClient, press: Press, world: World, queue: JobBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An act is kept in the outbox, and done later; the page says that it is on its way."""
    comment = waiting(world, world.article(), 0.9)

    def away(*_given: object, **_more: object) -> None:
        raise BrokerConnectionError("Redis is away")

    monkeypatch.setattr(queue, "enqueue", away)
    monkeypatch.setattr("osmod.web.pages.moderate_outcomes.get_jobs", away)

    page = press(f"/ui/moderate?comment={comment}", "approve").text

    assert f"Approved comment {comment}." in page
    assert "on its way" in page
    assert ["acceptComments"] == [row.actor for row in world.all(OutboxEntry)]
    assert [comment] == [row.comment_id for row in world.all(Claim)]


def _proof(client: TestClient) -> dict[str, str]:
    return {CSRF: csrf_of(client.cookies["osmod"]), "form": "another"}
