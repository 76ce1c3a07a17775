"""Acts at the desk: which jobs they owe, that a form acts once, what is stale, and how they are taken back."""

from __future__ import annotations

from typing import Any

import pytest

from osmod.moderation import decisions, tags
from osmod.moderation.desk import acts, claims, outcomes, undo
from osmod.moderation.desk.acts import Asked, Done, Stale
from osmod.moderation.desk.states import marks, state_of
from osmod.moderation.desk.undo import TakenBack
from osmod.moderation.errors import Conflict
from osmod.moderation.models import Claim, Comment, CommentScore, DeskAct, OutboxEntry, now
from osmod.moderation.work import Delivery, Work
from tests.moderation.world import World

#: What the tasks do that acts owe.
EFFECTS: dict[str, Any] = {
    "acceptComments": lambda work, **told: decisions.decide(work, "Accept", **told),
    "acceptCommentsAndFlags": lambda work, **told: decisions.decide(work, "Accept", with_flags=True, **told),
    "rejectComments": lambda work, **told: decisions.decide(work, "Reject", **told),
    "deferComments": lambda work, **told: decisions.decide(work, "Defer", **told),
    "highlightComments": decisions.highlight,
    "resetComments": lambda work, comment_id, user_id, is_batch_action: decisions.reset(
        work, comment_id, user_id
    ),
    "tagComments": tags.tag_comment,
    "addTag": tags.add_tag,
    "removeTag": tags.remove_tag,
}


class Desk:
    """One moderator at a desk, and the worker."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.user = world.user()
        self.article = world.article()
        self._forms = 0

    def comment(self, **columns: Any) -> int:
        """One that waits."""
        return self.world.comment(self.article, is_scored=True, **columns)

    def mark(self, comment_id: int) -> str:
        """What is seen of a comment."""
        found = self.world.do(lambda work: marks(work.session, [work.session.get_one(Comment, comment_id)]))
        assert found.value
        return found.value[comment_id]

    def act(self, act: acts.Name, *comment_ids: int, **given: Any) -> Done:
        """Send a form."""
        self._forms += 1
        asked: dict[str, Any] = {"form": f"form {self._forms}", "user_id": self.user} | given
        done = self.world.do(
            lambda work: acts.perform(work, Asked(act=act, comment_ids=comment_ids, **asked))
        )
        assert done.value
        return done.value

    def undo(self, **asked: Any) -> undo.TakenBack:
        """Take back the last act."""
        self._forms += 1
        form = f"form {self._forms}"
        done = self.world.do(lambda work: undo.take_back(work, form, self.user, **asked))
        assert done.value
        return done.value

    def owed(self) -> list[str]:
        """The tasks of the jobs that are owed."""
        return [row.actor for row in self.world.all(OutboxEntry)]

    def work(self, *, but: str = "") -> None:
        """Do what is owed, but the jobs of one task."""
        for row in (one for one in self.world.all(OutboxEntry) if one.actor != but):
            effect = EFFECTS[row.actor]
            self.world.do(
                lambda work, row=row, effect=effect: effect(work, **row.arguments),
                Delivery(row.message_id, row.actor),
            )
            self.world.do(lambda work, row=row: work.session.delete(work.session.merge(row)))

    def state(self, comment_id: int) -> str:
        """What was decided on a comment."""
        return state_of(self.world.get(Comment, comment_id))


@pytest.fixture
def desk(world: World) -> Desk:
    """A desk with nothing on it."""
    return Desk(world)


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
    desk.work(but="tagComments")
    assert 1 == desk.undo().pending
    desk.work()
    assert desk.undo().row
    assert ["removeTag", "resetComments"] == sorted(desk.owed())


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
def test_a_reason_and_a_tag(desk: Desk) -> None:
    """A rejection tags the comment with its reason; both are taken back, as a span's tag is."""
    spam = desk.world.tag("SPAM")
    comment = desk.comment(text="Buy now", unresolved_flags_count=1)
    desk.act("tag", comment, tag_id=spam, span=(0, 3))
    desk.act("approve", comment)
    desk.act("reject", desk.comment(), tag_id=spam)
    assert ["addTag", "acceptCommentsAndFlags", "rejectComments", "tagComments"] == desk.owed()
    desk.work()
    assert [(0, 3), (None, None)] == [
        (score.annotation_start, score.annotation_end) for score in desk.world.all(CommentScore)
    ]

    for _ in range(3):
        desk.undo()
        desk.work()

    assert [] == desk.world.all(CommentScore)
    assert "undecided" == desk.state(comment)


@pytest.mark.only_on("sqlite")
def test_old_acts_are_forgotten(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many can be taken back; another moderator's stay."""
    monkeypatch.setattr(acts, "KEPT", 2)
    other = desk.world.user()
    for user in (other, desk.user, desk.user, desk.user):
        desk.act("approve", desk.comment(), user_id=user)
    assert [other, desk.user, desk.user] == [row.user_id for row in desk.world.all(DeskAct)]
    assert now() >= desk.world.all(DeskAct)[0].at


def _outbox(work: Work, job: str) -> OutboxEntry:
    return next(row for row in work.session.query(OutboxEntry) if row.message_id == job)
