"""Acts at the desk: which jobs they owe, that a form acts once, and what is stale."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from osmod.moderation import flags
from osmod.moderation.database import insert_all, open_session
from osmod.moderation.desk import acts, claims, outcomes, undo
from osmod.moderation.desk.acts import Asked, Done, Stale
from osmod.moderation.desk.undo import TakenBack
from osmod.moderation.editing import edit_comment
from osmod.moderation.errors import Conflict
from osmod.moderation.models import Claim, CommentScore, CommentSummaryScore, DeskAct, OutboxEntry, now
from osmod.moderation.work import Work
from tests.moderation.desk.conftest import Desk
from tests.moderation.waiting import in_thread, until_waiting


@pytest.mark.only_on("sqlite")
def test_a_form_acts_once(desk: Desk) -> None:
    """However often it is sent, as when the answer was lost; highlighting would be a toggle."""
    comment = desk.comment()
    first = desk.act("highlight", comment, form="one")
    again = desk.act("highlight", comment, form="one")

    assert (False, True) == (first.repeated, again.repeated)
    assert ["highlightComments"] == desk.owed()
    assert 1 == desk.world.size(DeskAct)


@pytest.mark.only_on("sqlite")
def test_a_form_that_did_something_else_is_refused(desk: Desk) -> None:
    """Else it would be said that this was done, too; what is to be taken back and is unknown is not another act."""
    comment, second = desk.comment(), desk.comment()
    desk.act("approve", comment, form="one")
    others: list[tuple[acts.Name, int, int]] = [
        ("reject", comment, desk.user),
        ("approve", second, desk.user),
        ("approve", comment, 99),
    ]
    for act, about, user in others:
        with pytest.raises(Conflict, match="sent before, for something else"):
            desk.act(act, about, form="one", user_id=user)
    with pytest.raises(Conflict, match="sent before, for something else"):
        desk.world.do(lambda work: undo.take_back(work, "one", desk.user))
    assert TakenBack(None) == desk.undo(act_form="unknown")
    assert ["acceptComments"] == desk.owed()


@pytest.mark.only_on("sqlite")
def test_a_form_that_said_something_else_is_refused(desk: Desk) -> None:
    """As a page that one went back to: another part of the text, or another reason, would be lost unsaid."""
    spam, insult = desk.world.tag("SPAM"), desk.world.tag("INSULT")
    tagged, rejected = desk.comment(text="Buy now"), desk.comment()
    desk.act("tag", tagged, form="one", tag_id=spam, span=(0, 3))
    desk.act("reject", rejected, form="two", tag_id=spam)
    assert desk.act("tag", tagged, form="one", tag_id=spam, span=(0, 3)).repeated
    others: list[tuple[str, acts.Name, int, dict[str, object]]] = [
        ("one", "tag", tagged, {"tag_id": spam, "span": (4, 7)}),
        ("one", "tag", tagged, {"tag_id": insult, "span": (0, 3)}),
        ("two", "reject", rejected, {"tag_id": insult}),
        ("two", "reject", rejected, {}),
    ]
    for form, act, comment, said in others:
        with pytest.raises(Conflict, match="sent before, for something else"):
            desk.act(act, comment, form=form, **said)


@pytest.mark.only_on("sqlite")
def test_what_was_not_read_is_not_decided_on(desk: Desk) -> None:
    """A text that its author has changed since, and a flag that came since, which the act would resolve."""
    edited, flagged = desk.comment(text="Well said"), desk.comment(source_id="c2")
    seen = {comment: desk.mark(comment) for comment in (edited, flagged)}
    desk.world.do(lambda work: edit_comment(work, edited, text="Buy now"))
    desk.world.do(lambda work: flags.add_flags(work, [flags.Said("spam", "c2", "reader")]))

    assert (Stale(edited, None), Stale(flagged, None)) == desk.act(
        "approve", edited, flagged, seen=seen
    ).stale


@pytest.mark.only_on("sqlite")
def test_what_was_decided_meanwhile_is_left_alone(desk: Desk) -> None:
    """By a mark that is old, or because somebody else is at it or has just decided; unless that is wanted."""
    decided, open_elsewhere, mine = desk.comment(), desk.comment(), desk.comment()
    seen = {comment: desk.mark(comment) for comment in (decided, open_elsewhere, mine)}
    desk.act("reject", decided, user_id=desk.world.user())
    desk.work()
    desk.world.do(lambda work: claims.let_go(work.session, "form 1", [decided]))
    desk.world.do(lambda work: claims.take(work.session, open_elsewhere, 99, work.now))

    done = desk.act("approve", decided, open_elsewhere, mine, 12345, seen=seen)

    assert ((Stale(decided, None), Stale(open_elsewhere, 99)), (12345,)) == (done.stale, done.gone)
    assert done.row is not None
    assert [mine] == [entry["id"] for entry in done.row.comments]
    assert ["acceptComments"] == desk.owed()
    assert (Stale(mine, desk.user),) == desk.act("reject", mine).stale
    assert () == desk.act("approve", open_elsewhere, seen=seen, anyway=True).stale
    assert (Stale(decided, None),) == desk.act("approve", decided, seen=seen, anyway=True).stale


@pytest.mark.only_on("sqlite")
def test_who_knows_of_another_does_not_know_what_that_one_decided(desk: Desk) -> None:
    """What is done though another is at it is not done once that one has decided, whether or not it has effect."""
    comment = desk.comment()
    seen, other = {comment: desk.mark(comment)}, desk.world.user()
    desk.act("reject", comment, user_id=other)
    assert (Stale(comment, other),) == desk.act("approve", comment, seen=seen, anyway=True).stale
    desk.work()
    assert (Stale(comment, None),) == desk.act("approve", comment, seen=seen, anyway=True).stale


@pytest.mark.only_on("sqlite")
def test_held_until_it_is_done_or_has_failed(desk: Desk) -> None:
    """Meanwhile it is offered to nobody."""
    done, failed, pending = desk.comment(), desk.comment(), desk.comment()
    desk.act("approve", done)
    desk.work()
    desk.act("reject", failed, pending, form="both")
    for form in ("form 1", "both"):

        def settle(work: Work, form: str = form) -> None:
            act = acts.by_form(work.session, form)
            assert act
            failures = [entry["job"] for entry in act.comments if entry["id"] == failed]
            outcomes.settle(work.session, act, outcomes.done_jobs(work.session, act), failures)

        desk.world.do(settle)

    assert [pending] == [claim.comment_id for claim in desk.world.all(Claim)]


@pytest.mark.only_on("sqlite")
def test_a_tag_is_taken_off(desk: Desk) -> None:
    """By an undo, one of the same after the other."""
    spam = desk.world.tag("SPAM")
    comment = desk.comment(text="Buy now", unresolved_flags_count=1)
    desk.act("tag", comment, tag_id=spam, span=(0, 3))
    desk.act("approve", comment)
    assert ["addTag", "acceptCommentsAndFlags"] == desk.owed()
    desk.work()
    assert [(0, 3)] == [
        (score.annotation_start, score.annotation_end) for score in desk.world.all(CommentScore)
    ]

    for _ in range(2):
        desk.undo()
        desk.work()

    assert [] == desk.world.all(CommentScore)
    assert "undecided" == desk.state(comment)


@pytest.mark.only_on("sqlite")
def test_a_reason_to_reject(desk: Desk) -> None:
    """Is said of the attribute's score, as OSMod's client does: it is confirmed, or 1 where no scorer gave one."""
    spam, scored, unscored = desk.world.tag("SPAM"), desk.comment(), desk.comment()
    desk.world.add(CommentSummaryScore(comment_id=scored, tag_id=spam, score=0.25))
    for comment in (scored, unscored):
        desk.act("reject", comment, tag_id=spam)
    expected = ["rejectComments", "confirmCommentSummaryScore", "rejectComments", "tagCommentSummaryScores"]
    assert expected == desk.owed()
    desk.work()
    assert [(0.25, True, desk.user)] == desk.reasons(scored)
    assert [(1.0, True, desk.user)] == desk.reasons(unscored)


@pytest.mark.only_on("sqlite")
def test_old_acts_are_forgotten(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many can be taken back; another moderator's stay."""
    monkeypatch.setattr(acts, "KEPT", 2)
    other = desk.world.user()
    for user in (other, desk.user, desk.user, desk.user):
        desk.act("tag", desk.comment(), user_id=user, tag_id=1)
    assert [other, desk.user, desk.user] == [row.user_id for row in desk.world.all(DeskAct)]
    assert now() >= desk.world.all(DeskAct)[0].at


def test_acts_that_hold_comments_are_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else nobody would know when these are let go."""
    monkeypatch.setattr(acts, "KEPT", 1)
    for _ in range(2):
        desk.act("approve", desk.comment())
    desk.work()
    assert 2 == desk.world.size(DeskAct)
    held = desk.world.all(Claim)
    desk.world.do(lambda work: outcomes.settle_held(work.session, held))
    desk.act("approve", desk.comment())
    assert 1 == desk.world.size(DeskAct)


@pytest.mark.only_on("mariadb")
def test_two_at_once(desk: Desk) -> None:
    """Of two moderators who decide on one comment at the same moment one has decided, and the other is told who."""
    comment, other = desk.comment(), desk.world.user()
    seen = {comment: desk.mark(comment)}
    asked = Asked("first", "reject", desk.user, [comment], seen)
    with desk.world.engine.connect() as connection, open_session(connection) as session:
        connection.begin()
        work = Work(session, connection)
        assert acts.perform(work, asked).row
        with in_thread(lambda: desk.act("approve", comment, user_id=other, seen=seen, anyway=True)) as second:
            until_waiting(desk.world.engine, 1)
            insert_all(session, OutboxEntry, [vars(job) for job in work.owed])
            connection.commit()
            assert (None, (Stale(comment, desk.user),)) == (second.result().row, second.result().stale)
    assert ["rejectComments"] == desk.owed()


@pytest.mark.only_on("mariadb")
def test_many_at_once(desk: Desk) -> None:
    """However they come between each other: each comment is decided on once, by whoever was first."""
    comments = [desk.comment() for _ in range(6)]
    users = [desk.world.user() for _ in range(4)]
    seen = {comment: desk.mark(comment) for comment in comments}

    def decide(number: int) -> Done:
        """Whoever it is begins elsewhere."""
        order = comments[number:] + comments[:number]
        asked = Asked(f"of {number}", "approve", users[number], order, seen)
        done = desk.world.do(lambda work: acts.perform(work, asked))
        assert done.value
        return done.value

    with ThreadPoolExecutor(len(users)) as pool:
        found = list(pool.map(decide, range(len(users))))

    decided = [entry["id"] for one in found if one.row for entry in one.row.comments]
    assert comments == sorted(decided)
    assert len(comments) == len(desk.owed())
    assert len(comments) * (len(users) - 1) == sum(len(one.stale) for one in found)
