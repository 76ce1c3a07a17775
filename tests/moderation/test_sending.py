"""Which scorers are asked, what they are shown, and which comments are asked about again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from osmod.moderation import sending
from osmod.moderation.database import open_session
from osmod.moderation.errors import NotFound
from osmod.moderation.models import Comment, CommentScoreRequest, Unscored, User, now
from osmod.moderation.sending import OpenRequest
from tests.moderation.world import World


def open_requests(world: World, comment: int, *unusable: int) -> list[OpenRequest]:
    """Open requests to all scorers but the unusable ones."""
    sent = world.do(
        lambda work: sending.open_requests(work, [comment], lambda scorer: scorer.id not in unusable)
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


def test_requests_are_opened(world: World) -> None:
    """One for each active scorer, as the database has it; the comment is marked as sent."""
    comment = world.comment(world.article())
    scorers = [world.scorer(), world.scorer()]
    opened = open_requests(world, comment)
    rows = world.all(CommentScoreRequest)
    assert opened == [OpenRequest(row.id, row.user_id or 0, row.sent_at, comment) for row in rows]
    assert scorers == [request.scorer_id for request in opened]
    assert [None, None] == [row.done_at for row in rows]
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


def test_only_those_are_asked_that_have_not_answered(world: World) -> None:
    """Of a comment that lacks scores; of the other in the same batch all are, and of one that all have answered."""
    lacking, anew, all_told = (world.comment(world.article()) for _ in range(3))
    first, second = world.scorer(), world.scorer()
    for comment in (lacking, anew, all_told):
        world.asked(comment, first, second)
    with world.engine.begin() as connection:
        rows = update(CommentScoreRequest).values(done_at=now())
        connection.execute(rows.where(CommentScoreRequest.user_id == first))
        connection.execute(rows.where(CommentScoreRequest.comment_id == all_told))
    before = {(row.comment_id, row.user_id): row.id for row in world.all(CommentScoreRequest)}
    opened = world.do(
        lambda work: sending.open_requests(
            work, [lacking, anew, all_told], lambda _: True, {lacking, all_told}
        )
    ).value
    assert opened is not None
    new = {(one.comment_id, one.scorer_id) for one in opened}
    assert {(lacking, second), *((one, who) for one in (anew, all_told) for who in (first, second))} == new
    after = {(row.comment_id, row.user_id): row.id for row in world.all(CommentScoreRequest)}
    assert {(lacking, first)} == {pair for pair, number in after.items() if number == before[pair]}
    assert {(one.comment_id, one.scorer_id): one.id for one in opened} == {pair: after[pair] for pair in new}


def test_without_scorers(world: World) -> None:
    """Without an active scorer nothing is written, so the comment is found again later (quirk 14, mended)."""
    comment = world.comment(world.article())
    before = world.dump()
    assert [] == open_requests(world, comment)
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
        session.get_one(CommentScoreRequest, sent[0].id).done_at = now()
        session.get_one(User, off).is_active = False
        session.commit()
        assert [waiting] == [request.scorer_id for request in sending.still_open(session, comment)]
    assert answered == sent[0].scorer_id


def overdue(world: World) -> list[int]:
    """The comments whose scores are overdue."""
    with open_session(world.engine) as session:
        return [comment for page in sending.overdue(session) for comment in page]


def test_overdue_comments(world: World) -> None:
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
    assert [oldest, never_sent, newer] == overdue(world)


def test_nothing_to_resend_without_scorers(world: World) -> None:
    """Where nobody could answer, nothing is sent again."""
    world.comment(world.article(), sent_for_scoring=now() - timedelta(hours=1))
    assert [] == overdue(world)


def test_comments_of_scorers_that_were_given_up(world: World) -> None:
    """They are due when their pause is over; never, if only a text that cannot be scored keeps them."""
    article, scorer, other = world.article(), world.scorer(), world.scorer()
    long_ago = now() - timedelta(hours=1)
    due, later, never, both = (world.comment(article, sent_for_scoring=long_ago) for _ in range(4))
    row = {"reason": "away", "since": long_ago, "times": 0}
    past, future = now() - timedelta(minutes=1), now() + timedelta(minutes=1)
    for comment, by, again_at in (
        (due, scorer, past),
        (later, scorer, future),
        (never, scorer, None),
        (both, scorer, None),
        (both, other, past),
    ):
        world.add(Unscored(comment_id=comment, scorer_id=by, again_at=again_at, **row))
    assert [due, both] == overdue(world)


def test_overdue_comments_come_in_pages(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once, in order, with its open requests, wherever a page ends."""
    monkeypatch.setattr(sending, "_PAGE", 2)
    article, scorer = world.article(), world.scorer()
    ago = now() - timedelta(minutes=6)
    comments = [world.comment(article, sent_for_scoring=ago) for _ in range(5)]
    world.asked(comments[3], scorer)
    with open_session(world.engine) as session:
        pages = list(sending.overdue(session))
    assert comments == [comment for page in pages for comment in page]
    assert [2, 2, 1] == [len(page) for page in pages]
    asked = {
        comment: [one.scorer_id for one in requests] for page in pages for comment, requests in page.items()
    }
    assert {comments[3]: [scorer]} == {comment: scorers for comment, scorers in asked.items() if scorers}
