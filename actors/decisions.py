"""What moderators decide: accept, reject, defer, highlight, reset."""

from collections.abc import Sequence
from dataclasses import dataclass

from osmod.moderation import decisions
from osmod.moderation.work import Work
from osmod.task import batch_task
from osmod.task.payload import Flag, Id, UserId


@dataclass(frozen=True)
class Act(decisions.Act):
    """What is done to a comment."""

    comment_id: Id
    user_id: UserId = None
    is_batch_action: Flag = False


@batch_task("acceptComments", batch=50, priority="high")
def accept_comments(work: Work, acts: Sequence[Act]) -> None:
    """Publish a comment."""
    decisions.decide(work, "Accept", acts)


@batch_task("acceptCommentsAndFlags", batch=50, priority="high")
def accept_comments_and_flags(work: Work, acts: Sequence[Act]) -> None:
    """Publish a comment and resolve its open flags."""
    decisions.decide(work, "Accept", acts, with_flags=True)


@batch_task("rejectComments", batch=50, priority="high")
def reject_comments(work: Work, acts: Sequence[Act]) -> None:
    """Keep a comment from the public."""
    decisions.decide(work, "Reject", acts)


@batch_task("rejectCommentsAndFlags", batch=50, priority="high")
def reject_comments_and_flags(work: Work, acts: Sequence[Act]) -> None:
    """Keep a comment from the public and resolve its open flags."""
    decisions.decide(work, "Reject", acts, with_flags=True)


@batch_task("deferComments", batch=50, priority="high")
def defer_comments(work: Work, acts: Sequence[Act]) -> None:
    """Leave a comment for somebody else to decide."""
    decisions.decide(work, "Defer", acts)


@batch_task("highlightComments", batch=50, priority="high")
def highlight_comments(work: Work, acts: Sequence[Act]) -> None:
    """Toggle a comment's highlight, and publish it."""
    decisions.highlight(work, acts)


@batch_task("resetComments", batch=50, priority="high")
def reset_comments(work: Work, acts: Sequence[Act]) -> None:
    """Put a comment back to undecided. `is_batch_action` makes no difference, as in OSMod."""
    decisions.reset(work, acts)
