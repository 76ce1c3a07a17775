"""A moderator at a desk, and the worker that does what the acts owe."""

from __future__ import annotations

from typing import Any

import pytest

from osmod.moderation import decisions, flags, tags
from osmod.moderation.decisions import Act
from osmod.moderation.desk import acts, undo
from osmod.moderation.desk.acts import Asked, Done
from osmod.moderation.desk.states import marks, state_of
from osmod.moderation.models import Comment, CommentSummaryScore, OutboxEntry
from osmod.moderation.work import Delivery
from tests.moderation.world import World

#: What the tasks do that acts owe.
EFFECTS: dict[str, Any] = {
    "acceptComments": lambda work, **told: decisions.decide(work, "Accept", [Act(**told)]),
    "acceptCommentsAndFlags": lambda work, **told: decisions.decide(
        work, "Accept", [Act(**told)], with_flags=True
    ),
    "rejectComments": lambda work, **told: decisions.decide(work, "Reject", [Act(**told)]),
    "deferComments": lambda work, **told: decisions.decide(work, "Defer", [Act(**told)]),
    "highlightComments": lambda work, **told: decisions.highlight(work, [Act(**told)]),
    "resetComments": lambda work, **told: decisions.reset(work, [Act(**told)]),
    "tagComments": lambda work, **told: tags.tag_comments(work, [tags.Tagging(**told)]),
    "addTag": tags.add_tag,
    "removeTag": tags.remove_tag,
    "rejectCommentsAndFlags": lambda work, **told: decisions.decide(
        work, "Reject", [Act(**told)], with_flags=True
    ),
    "tagCommentSummaryScores": tags.tag_summary,
    "confirmCommentSummaryScore": lambda work, **told: tags.confirm_summary(work, confirmed=True, **told),
    "reopenFlags": flags.reopen,
    "restoreSummaryScore": tags.restore_summary,
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

    def flag(self, comment_id: int, reader: str) -> None:
        """A reader flags a comment."""
        self.world.do(lambda work: flags.add_flags(work, [flags.Said("spam", f"c{comment_id}", reader)]))

    def reasons(self, comment_id: int) -> list[tuple[float, bool | None, int | None]]:
        """A comment's summary scores, and what moderators say of them."""
        return [
            (row.score, row.is_confirmed, row.confirmed_user_id)
            for row in self.world.all(CommentSummaryScore, comment_id=comment_id)
        ]

    def state(self, comment_id: int) -> str:
        """What was decided on a comment."""
        return state_of(self.world.get(Comment, comment_id))


@pytest.fixture
def desk(world: World) -> Desk:
    """A desk with nothing on it."""
    return Desk(world)
