"""Which scorers are asked, what they are shown, and which comments are asked about again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from osmod.moderation import sending
from osmod.moderation.database import open_session
from osmod.moderation.errors import NotFound
from osmod.moderation.models import Comment, CommentScoreRequest, User, now
from osmod.moderation.sending import Asked, Sending
from tests.moderation.world import World


def open_requests(world: World, comment: int, *unusable: int) -> Sending:
    """Open requests to all scorers but the unusable ones."""
    sent = world.do(
        lambda work: sending.open_requests(work, comment, lambda scorer: scorer.id not in unusable)
    ).value
    assert sent is not None
    return sent


def test_active_scorers(world: World) -> None:
    """Users of the group `moderator` that are switched on, by id."""
    world.user(group="admin", is_active=True)
    world.user(group="moderator", is_active=False)
    scorers = [world.scorer(), world.scorer()]
    with open_session(world.engine) as session:
        assert scorers == [user.id for user in sending.active_scorers(session)]


def test_what_is_shown(world: World) -> None:
    """Scorers see the comment, its article and the comment it answers, all without tags; entities stay."""
    article = world.article(text="<h1>News</h1> &amp; more")
    parent = world.comment(article, text="<b>First</b>")
    comment = world.comment(article, text="<p>Second 😀</p>".replace("😀", "&#128512;"), reply_id=parent)
    scorer = world.scorer({"endpointType": "local"})
    sent = open_requests(world, comment)
    (request,) = world.all(CommentScoreRequest)
    assert (
        Sending(
            comment_id=comment,
            text="Second &#128512;",
            text_length=len("<p>Second &#128512;</p>"),
            context=("News &amp; more", "First"),
            asked=(Asked(scorer, request.id, {"endpointType": "local"}),),
        )
        == sent
    )
    assert request.done_at is None
    assert world.get(Comment, comment).sent_for_scoring is not None


def test_requests_are_replaced(world: World) -> None:
    """A comment sent again has one new request to each scorer; a scorer that cannot be asked keeps its old one."""
    comment = world.comment(world.article())
    usable, unusable = world.scorer(), world.scorer()
    world.asked(comment, usable, unusable)
    before = world.all(CommentScoreRequest)
    open_requests(world, comment, unusable)
    after = world.all(CommentScoreRequest)
    assert [before[1].id] == [request.id for request in after if request.user_id == unusable]
    (new,) = [request.id for request in after if request.user_id == usable]
    assert new > before[1].id


def test_without_scorers(world: World) -> None:
    """Without an active scorer nothing is written, so the comment is found again later (quirk 14, mended)."""
    comment = world.comment(world.article())
    before = world.dump()
    assert () == open_requests(world, comment).asked
    assert before == world.dump()


def test_unknown_comment(world: World) -> None:
    """An unknown comment is refused in OSMod's words; one deleted since the requests were opened, too."""
    with pytest.raises(NotFound, match=r"^sendCommentForScoringTask: Comment not found, id: 99$"):
        open_requests(world, 99)
    with open_session(world.engine) as session, pytest.raises(NotFound, match=r"^Comment not found, id: 99$"):
        sending.still_open(session, 99)


def test_still_open(world: World) -> None:
    """Of a comment's requests those that were not answered and whose scorers are switched on are left."""
    comment = world.comment(world.article())
    answered, waiting, off = world.scorer(), world.scorer(), world.scorer()
    sent = open_requests(world, comment)
    with open_session(world.engine) as session:
        session.get_one(CommentScoreRequest, sent.asked[0].request_id).done_at = now()
        session.get_one(User, off).is_active = False
        session.commit()
        assert [waiting] == [asked.user_id for asked in sending.still_open(session, comment).asked]
    assert answered == sent.asked[0].user_id


def test_comments_to_resend(world: World) -> None:
    """Undecided comments without scores for five minutes, longest waiting first, also those never sent."""
    article = world.article()
    world.scorer()
    long_ago, ago, just_now = (now() - timedelta(minutes=minutes) for minutes in (60, 6, 4))
    newer = world.comment(article, sent_for_scoring=ago)
    never_sent = world.comment(article, created_at=ago - timedelta(minutes=1))
    oldest = world.comment(article, sent_for_scoring=long_ago)
    world.comment(article, sent_for_scoring=just_now)
    world.comment(article, created_at=just_now)
    world.comment(article, sent_for_scoring=long_ago, is_scored=True)
    world.comment(article, sent_for_scoring=long_ago, is_accepted=False)
    with open_session(world.engine) as session:
        assert [oldest, never_sent, newer] == sending.comments_to_resend(session, 10)
        assert [oldest, never_sent] == sending.comments_to_resend(session, 2)


def test_nothing_to_resend_without_scorers(world: World) -> None:
    """Where nobody could answer, nothing is sent again."""
    world.comment(world.article(), sent_for_scoring=now() - timedelta(hours=1))
    with open_session(world.engine) as session:
        assert [] == sending.comments_to_resend(session, 10)
