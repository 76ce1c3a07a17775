"""What moderators decide: accept, reject, defer, highlight, reset."""

from osmod.moderation import decisions
from osmod.moderation.work import Work
from osmod.task import task
from osmod.task.payload import Flag, Id, UserId


@task("acceptComments", priority="high")
def accept_comments(
    work: Work, comment_id: Id, user_id: UserId = None, is_batch_action: Flag = False
) -> None:
    """Publish a comment."""
    decisions.decide(work, "Accept", comment_id, user_id, is_batch_action=is_batch_action)


@task("acceptCommentsAndFlags", priority="high")
def accept_comments_and_flags(
    work: Work, comment_id: Id, user_id: UserId = None, is_batch_action: Flag = False
) -> None:
    """Publish a comment and resolve its open flags."""
    decisions.decide(work, "Accept", comment_id, user_id, is_batch_action=is_batch_action, with_flags=True)


@task("rejectComments", priority="high")
def reject_comments(
    work: Work, comment_id: Id, user_id: UserId = None, is_batch_action: Flag = False
) -> None:
    """Keep a comment from the public."""
    decisions.decide(work, "Reject", comment_id, user_id, is_batch_action=is_batch_action)


@task("rejectCommentsAndFlags", priority="high")
def reject_comments_and_flags(
    work: Work, comment_id: Id, user_id: UserId = None, is_batch_action: Flag = False
) -> None:
    """Keep a comment from the public and resolve its open flags."""
    decisions.decide(work, "Reject", comment_id, user_id, is_batch_action=is_batch_action, with_flags=True)


@task("deferComments", priority="high")
def defer_comments(work: Work, comment_id: Id, user_id: UserId = None, is_batch_action: Flag = False) -> None:
    """Leave a comment for somebody else to decide."""
    decisions.decide(work, "Defer", comment_id, user_id, is_batch_action=is_batch_action)


@task("highlightComments", priority="high")
def highlight_comments(
    work: Work, comment_id: Id, user_id: UserId = None, is_batch_action: Flag = False
) -> None:
    """Toggle a comment's highlight, and publish it."""
    decisions.highlight(work, comment_id, user_id, is_batch_action=is_batch_action)


@task("resetComments", priority="high")
def reset_comments(work: Work, comment_id: Id, user_id: UserId = None, is_batch_action: Flag = False) -> None:
    """Put a comment back to undecided. `is_batch_action` makes no difference, as in OSMod."""
    decisions.reset(work, comment_id, user_id)
