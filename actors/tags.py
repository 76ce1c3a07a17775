"""Tags that moderators set, and what they say of the scorers' scores."""

from collections.abc import Sequence
from dataclasses import dataclass

from osmod.moderation import tags
from osmod.moderation.score_data import Offset
from osmod.moderation.work import Work
from osmod.task import batch_task, task
from osmod.task.payload import Flag, Id, UserId


@dataclass(frozen=True)
class Tagging(tags.Tagging):
    """A tag on a whole comment."""

    comment_id: Id
    tag_id: Id
    user_id: UserId = None


@batch_task("tagComments", batch=50, priority="high")
def tag_comments(work: Work, taggings: Sequence[Tagging]) -> None:
    """Tag a whole comment."""
    tags.tag_comments(work, taggings)


@task("tagCommentSummaryScores", priority="high")
def tag_comment_summary_scores(work: Work, comment_id: Id, tag_id: Id, user_id: UserId = None) -> None:
    """Set a comment's summary score for a tag to 1, confirmed."""
    tags.tag_summary(work, comment_id, tag_id, user_id)


@task("confirmCommentSummaryScore", priority="high")
def confirm_comment_summary_score(work: Work, comment_id: Id, tag_id: Id, user_id: UserId = None) -> None:
    """Say that a summary score is right."""
    tags.confirm_summary(work, comment_id, tag_id, user_id, confirmed=True)


@task("rejectCommentSummaryScore", priority="high")
def reject_comment_summary_score(work: Work, comment_id: Id, tag_id: Id, user_id: UserId = None) -> None:
    """Say that a summary score is wrong."""
    tags.confirm_summary(work, comment_id, tag_id, user_id, confirmed=False)


@task("restoreSummaryScore", priority="high")
def restore_summary_score(
    work: Work,
    comment_id: Id,
    tag_id: Id,
    user_id: Id,
    is_confirmed: Flag | None = None,
    confirmed_user_id: UserId = None,
    is_new: Flag = False,
) -> None:
    """Take back what a moderator said of a summary score; with `is_new` there was none before."""
    tags.restore_summary(
        work,
        comment_id,
        tag_id,
        user_id,
        is_confirmed=is_confirmed,
        confirmed_user_id=confirmed_user_id,
        is_new=is_new,
    )


@task("addTag", priority="high")
def add_tag(
    work: Work,
    comment_id: Id,
    tag_id: Id,
    user_id: UserId = None,
    annotation_start: Offset | None = None,
    annotation_end: Offset | None = None,
) -> None:
    """Tag a span of a comment; offsets in UTF-16 units of its text."""
    tags.add_tag(work, comment_id, tag_id, user_id, annotation_start, annotation_end)


@task("removeTag", priority="high")
def remove_tag(work: Work, comment_score_id: Id) -> None:
    """Delete a score."""
    tags.remove_tag(work, comment_score_id)


@task("confirmTag", priority="high")
def confirm_tag(work: Work, comment_score_id: Id, user_id: UserId = None) -> None:
    """Say that a score is right."""
    tags.confirm_tag(work, comment_score_id, user_id, confirmed=True)


@task("rejectTag", priority="high")
def reject_tag(work: Work, comment_score_id: Id, user_id: UserId = None) -> None:
    """Say that a score is wrong."""
    tags.confirm_tag(work, comment_score_id, user_id, confirmed=False)


@task("resetTag", priority="high")
def reset_tag(work: Work, comment_score_id: Id) -> None:
    """Take back what was said of a score."""
    tags.reset_tag(work, comment_score_id)
