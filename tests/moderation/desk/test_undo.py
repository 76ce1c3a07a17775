"""Acts at the desk that are taken back: each comment is put back where it was, unless others acted since."""

from __future__ import annotations

import pytest

from osmod.moderation import flags
from osmod.moderation.database import open_session
from osmod.moderation.decisions import Act
from osmod.moderation.desk import acts
from osmod.moderation.desk.acts import Stale
from osmod.moderation.desk.undo import TakenBack
from osmod.moderation.models import Claim, Comment, CommentFlag, CommentSummaryScore, OutboxEntry, User
from osmod.moderation.work import Work
from tests.moderation.desk.conftest import Desk


@pytest.mark.parametrize(
    ("act", "state"),
    [
        ("approve", "accepted"),
        ("reject", "rejected"),
        ("defer", "deferred"),
        ("highlight", "accepted"),
        ("reset", "undecided"),
    ],
)
@pytest.mark.parametrize("was", ["undecided", "deferred"])
def test_an_act_and_its_undo(desk: Desk, act: acts.Name, state: str, was: str) -> None:
    """Each is done in the moderator's name, and taken back to what was before."""
    comment = desk.comment()
    if was == "deferred":
        desk.act("defer", comment)
        desk.work()
    desk.act(act, comment)
    assert "undecided" == desk.state(comment) or was == "deferred"
    desk.work()
    assert state == desk.state(comment)

    taken = desk.undo()
    desk.work()

    assert taken.row is not None
    expected = "undecided" if act == "highlight" else was
    assert (expected, False) == (desk.state(comment), desk.world.get(Comment, comment).is_highlighted)


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("then", ["approve", "highlight"])
@pytest.mark.parametrize("act", ["approve", "highlight", "reset"])
def test_undo_leaves_what_others_did_since(desk: Desk, act: acts.Name, then: acts.Name) -> None:
    """Of whatever kind both acts were: highlights and resets record no decision."""
    comment, other = desk.comment(), desk.world.user()
    desk.act(act, comment)
    desk.work()
    desk.act(then, comment, user_id=other)
    desk.work()
    assert TakenBack(None, changed=(comment,)) == desk.undo()
    assert [] == desk.owed()


@pytest.mark.only_on("sqlite")
def test_undo_waits_for_the_reason_too(desk: Desk) -> None:
    """Its tag would come after all, and stay."""
    desk.act("reject", desk.comment(), tag_id=desk.world.tag("SPAM"))
    desk.work(but="tagCommentSummaryScores")
    assert 1 == desk.undo().pending
    desk.work()
    assert desk.undo().row
    assert ["resetComments", "restoreSummaryScore"] == sorted(desk.owed())


@pytest.mark.only_on("sqlite")
def test_undo_waits_for_the_jobs_and_leaves_what_others_decided(desk: Desk) -> None:
    """It would overtake them otherwise; a job that failed has nothing to be taken back."""
    first, second, failed = desk.comment(), desk.comment(), desk.comment()
    act = desk.act("reject", first, second, failed).row
    assert act is not None
    jobs = {entry["id"]: entry["job"] for entry in act.comments}
    assert 3 == desk.undo().pending
    desk.world.do(lambda work: work.session.delete(_outbox(work, jobs[failed])))
    desk.work()
    desk.act("approve", second, user_id=desk.world.user(), anyway=True)
    desk.work()

    taken = desk.undo(failed=[jobs[failed]])
    desk.work()

    assert ((second,), "undecided", "accepted") == (taken.changed, desk.state(first), desk.state(second))
    assert None is desk.undo().row, "there is nothing more to take back"


@pytest.mark.only_on("sqlite")
def test_an_undo_that_failed_can_be_done_again(desk: Desk) -> None:
    """For the comments whose job failed, and for those alone."""
    first, second = desk.comment(), desk.comment()
    desk.act("approve", first, second)
    desk.work()
    row = desk.undo().row
    assert row is not None
    jobs = {entry["id"]: entry["job"] for entry in row.comments}
    desk.world.do(lambda work: work.session.delete(_outbox(work, jobs[second])))
    act = row.undoes
    assert None is desk.undo(act_form=act).row, "it is on its way"
    desk.work()

    again = desk.undo(act_form=act, failed=[jobs[second]]).row

    assert again is not None
    assert [second] == [entry["id"] for entry in again.comments]
    desk.work()
    assert ["undecided", "undecided"] == [desk.state(one) for one in (first, second)]
    assert TakenBack(None, before=True) == desk.undo(act_form=act, failed=[jobs[second]])


def _half_undone(desk: Desk) -> tuple[int, str, str]:
    """A comment that was rejected for a reason and is put back, but for its flag and that reason: the jobs of these."""
    spam, comment = desk.world.tag("SPAM"), desk.comment()
    desk.flag(comment, "reader")
    desk.act("reject", comment, tag_id=spam)
    desk.work()
    row = desk.undo().row
    assert row is not None
    (entry,) = row.comments
    assert 2 == len(entry["also"])
    for job in entry["also"]:
        desk.world.do(lambda work, job=job: work.session.delete(_outbox(work, job)))
    desk.work()
    return comment, *entry["also"]


@pytest.mark.only_on("sqlite")
def test_what_belongs_to_an_undo_and_failed_is_done_again(desk: Desk) -> None:
    """The flags and the reason alone: the comment itself is put back already."""
    comment, *failed = _half_undone(desk)
    assert ("undecided", [(1.0, True, desk.user)]) == (desk.state(comment), desk.reasons(comment))

    again = desk.undo(act_form="form 1", failed=failed).row

    assert again is not None
    assert ["reopenFlags", "restoreSummaryScore"] == sorted(desk.owed())
    assert TakenBack(None, 1, before=True) == desk.undo(act_form="form 1", failed=failed), "it is on its way"
    desk.work()
    assert [] == desk.reasons(comment)
    assert [False] == [flag.is_resolved for flag in desk.world.all(CommentFlag)]
    assert TakenBack(None, before=True) == desk.undo(act_form="form 1", failed=failed)
    assert [] == desk.world.miscounted()


@pytest.mark.only_on("sqlite")
def test_what_belongs_to_an_undo_and_failed_waits_for_the_undo(desk: Desk) -> None:
    """The comment is not put back yet: nothing is done again, and nobody else is said to have decided."""
    comment = desk.comment()
    desk.act("reject", comment, tag_id=desk.world.tag("SPAM"))
    desk.work()
    row = desk.undo().row
    assert row is not None
    (failed,) = row.comments[0]["also"]
    assert TakenBack(None, 1, before=True) == desk.undo(act_form="form 1", failed=[failed])


@pytest.mark.only_on("sqlite")
def test_what_belongs_to_an_undo_is_left_where_another_decided_since(desk: Desk) -> None:
    """Whoever did has seen the flags resolved and the reason said."""
    comment, *failed = _half_undone(desk)
    desk.world.do(
        lambda work: work.session.query(Claim).delete()
    )  # as who looks finds that the jobs have failed
    assert desk.act("approve", comment, user_id=desk.world.user()).row
    desk.work()
    assert TakenBack(None, changed=(comment,)) == desk.undo(act_form="form 1", failed=failed)
    assert [] == desk.owed()


@pytest.mark.only_on("sqlite")
def test_undo_does_not_overtake_what_another_has_just_decided(desk: Desk) -> None:
    """That has no effect yet, so the comment looks as the act left it: put back, the other's decision would be lost."""
    comment, other = desk.comment(), desk.world.user()
    desk.act("approve", comment)
    desk.work()
    desk.act("reject", comment, user_id=other)

    assert TakenBack(None, changed=(comment,)) == desk.undo()
    assert ["rejectComments"] == desk.owed()


@pytest.mark.only_on("sqlite")
def test_nobody_decides_on_what_is_being_put_back(desk: Desk) -> None:
    """The undo would have its effect after that, and take it back, too."""
    comment, other = desk.comment(), desk.world.user()
    desk.act("defer", comment)
    desk.work()
    assert desk.undo().row

    assert (Stale(comment, desk.user),) == desk.act("reject", comment, user_id=other, anyway=True).stale
    desk.work()
    assert desk.act("reject", comment, user_id=other).row


def _outbox(work: Work, job: str) -> OutboxEntry:
    return next(row for row in work.session.query(OutboxEntry) if row.message_id == job)


@pytest.mark.parametrize("act", ["approve", "reject"])
def test_flags_are_open_again(desk: Desk, act: acts.Name) -> None:
    """Those that the act resolved, one that came meanwhile among them; what was resolved before stays so."""
    comment, other = desk.comment(), desk.world.user()
    desk.flag(comment, "old")
    desk.world.do(lambda work: flags.resolve_flags(work, [Act(comment, other)]))
    desk.flag(comment, "seen")
    before = desk.world.get(Comment, comment)
    desk.act(act, comment)
    desk.flag(comment, "meanwhile")
    desk.work()
    assert 0 == desk.world.get(Comment, comment).unresolved_flags_count

    desk.undo()
    desk.work()

    after = desk.world.get(Comment, comment)
    assert (1, 2) == (before.unresolved_flags_count, after.unresolved_flags_count)
    assert [("old", True, other), ("seen", False, None), ("meanwhile", False, None)] == [
        (flag.source_id, flag.is_resolved, flag.resolved_by_id) for flag in desk.world.all(CommentFlag)
    ]
    assert [] == desk.world.miscounted()


@pytest.mark.only_on("sqlite")
def test_flags_that_another_dealt_with_since_stay(desk: Desk) -> None:
    """As where they were resolved anew by somebody else, or revoked by their reader."""
    comment, other = desk.comment(), desk.world.user()
    desk.flag(comment, "one")
    desk.act("approve", comment)
    desk.work()
    desk.undo()
    with open_session(desk.world.engine) as session:
        session.query(CommentFlag).update({"resolved_by_id": other})
        session.commit()
    desk.work()
    assert [other] == [flag.resolved_by_id for flag in desk.world.all(CommentFlag)]
    assert "undecided" == desk.state(comment)


@pytest.mark.parametrize("before", [None, (0.25, None, None), (0.25, False, 7)])
def test_a_reason_is_taken_back(desk: Desk, before: tuple[float, bool | None, int | None] | None) -> None:
    """The attribute's score is what it was, unless somebody has said something of it since."""
    spam, comment = desk.world.tag("SPAM"), desk.comment()
    desk.world.add(User(id=7, group="general", name="Bob", email="bob@example.com"))
    if before:
        named = dict(zip(("score", "is_confirmed", "confirmed_user_id"), before, strict=True))
        desk.world.add(CommentSummaryScore(comment_id=comment, tag_id=spam, **named))
    desk.act("reject", comment, tag_id=spam)
    desk.work()
    assert [(before[0] if before else 1.0, True, desk.user)] == desk.reasons(comment)

    desk.undo()
    desk.work()

    assert ([before] if before else []) == desk.reasons(comment)


@pytest.mark.only_on("sqlite")
def test_a_reason_that_is_scored_or_contested_since_stays(desk: Desk) -> None:
    """A scorer's score is not deleted with the reason; what another said of it is not overridden."""
    spam, scored, contested = desk.world.tag("SPAM"), desk.comment(), desk.comment()
    for comment in (scored, contested):
        desk.act("reject", comment, tag_id=spam)
    desk.work()
    with open_session(desk.world.engine) as session:
        session.get_one(CommentSummaryScore, (scored, spam)).score = 0.75
        session.get_one(CommentSummaryScore, (contested, spam)).is_confirmed = False
        session.commit()
    for _ in range(2):
        desk.undo()
        desk.work()
    assert [(0.75, None, None)] == desk.reasons(scored)
    assert [(1.0, False, desk.user)] == desk.reasons(contested)
