"""What a scorer is shown of a comment."""

from __future__ import annotations

from typing import Any

import pytest

from osmod.moderation.database import open_session
from osmod.moderation.models import CommentScoreRequest, now
from osmod.moderation.questions import OpenQuestion, Text, open_questions
from tests.moderation.world import World


def test_what_is_shown(world: World) -> None:
    """Scorers see the comment, its article and the comment it answers; without tags, but entities stay."""
    article = world.article(text="<h1>News</h1> &amp; more")
    parent = world.comment(article, text="<b>First</b>")
    html = "<p>Second &#128512;</p>"
    comment = world.comment(article, text=html, reply_id=parent)
    scorer = world.scorer({"endpointType": "local"})
    world.asked(comment, scorer)
    (request,) = world.all(CommentScoreRequest)
    with open_session(world.engine) as session:
        (question,) = open_questions(session, [request.id])
    assert question == OpenQuestion(
        request_id=request.id,
        sent_at=request.sent_at,
        scorer_id=scorer,
        config={"endpointType": "local"},
        comment=Text(comment, html),
        article=Text(article, "<h1>News</h1> &amp; more"),
        parent=Text(parent, "<b>First</b>"),
    )
    assert question.article
    assert question.parent
    plain = (question.comment.plain, question.article.plain, question.parent.plain)
    assert ("Second &#128512;", "News &amp; more", "First") == plain
    assert len(html) == question.comment.length


def test_a_comment_alone(world: World) -> None:
    """Without article and parent there is the comment."""
    world.asked(world.comment(None), world.scorer())
    with open_session(world.engine) as session:
        (question,) = open_questions(session, [1])
    assert question
    assert (None, None) == (question.article, question.parent)


@pytest.mark.parametrize("why", ["answered", "replaced", "switched off", "no scorer", "deleted"])
def test_nothing_is_asked(world: World, why: str) -> None:
    """A request that is done with, whatever ended it, asks nothing."""
    comment, scorer = world.comment(None), world.scorer()
    columns: dict[str, Any] = {"comment_id": comment, "user_id": scorer, "sent_at": now()}
    if why == "answered":
        columns |= {"done_at": now()}
    elif why == "switched off":
        columns |= {"user_id": world.user(group="moderator", is_active=False)}
    elif why == "no scorer":
        columns |= {"user_id": world.user(group="general", is_active=True)}
    elif why == "deleted":
        columns |= {"comment_id": None}
    request = world.add(CommentScoreRequest(**columns))
    with open_session(world.engine) as session:
        assert open_questions(session, [request + (why == "replaced")]) == []
