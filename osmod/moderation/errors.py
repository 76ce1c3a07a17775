"""What a task can be refused for. Refusals are final: the same job would fail the same way again."""

from __future__ import annotations


class Refused(Exception):
    """The job cannot be done, now or later. It is dead-lettered with this message; nothing was changed."""


class NotFound(Refused):
    """The job names something that is not in the database."""


class Conflict(Refused):
    """What the job names is there, but in no state for it."""


class BadPayload(Refused):
    """A field of the job is missing, unknown, of the wrong type or out of range."""


def user_not_found(user_id: int) -> NotFound:
    """OSMod's words for it."""
    return NotFound(f"User not found, id: {user_id}")


def comment_not_found(comment_id: int) -> NotFound:
    """OSMod's words for it."""
    return NotFound(f"Comment not found, id: {comment_id}")


def comment_without_article(comment_id: int) -> Conflict:
    """OSMod's words for it are that there is no such comment."""
    return Conflict(
        f"Comment not found, id: {comment_id}: it is there, but without an article nothing can be decided on it"
    )


def source_not_found(source_id: str) -> NotFound:
    """OSMod's words for a comment that its publisher knows and we do not."""
    return NotFound(f"Comment not found: sourceId = {source_id}")


def tag_not_found(tag_id: int) -> NotFound:
    """OSMod's words for it."""
    return NotFound(f"Tag not found, id: {tag_id}")
