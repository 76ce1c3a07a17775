"""What a task can be refused for. Refusals are final: the same job would fail the same way again."""

from __future__ import annotations


class Refused(Exception):
    """The job cannot be done, now or later. It is dead-lettered with this message; nothing was changed."""


class NotFound(Refused):
    """The job names something that is not in the database."""


class BadPayload(Refused):
    """A field of the job is missing, unknown, of the wrong type or out of range."""


def user_not_found(user_id: int) -> NotFound:
    """OSMod's words for it."""
    return NotFound(f"User not found, id: {user_id}")


def comment_not_found(comment_id: int) -> NotFound:
    """OSMod's words for it; said too of a comment without an article where one is needed."""
    return NotFound(f"Comment not found, id: {comment_id}")


def source_not_found(source_id: str) -> NotFound:
    """OSMod's words for a comment that its publisher knows and we do not."""
    return NotFound(f"Comment not found: sourceId = {source_id}")


def tag_not_found(tag_id: int) -> NotFound:
    """OSMod's words for it."""
    return NotFound(f"Tag not found, id: {tag_id}")
