"""What happens to a moderated comment whose owner belongs to a group with a hook (OSMod: YouTube's)."""

from __future__ import annotations

from collections.abc import Callable, Set

from osmod.moderation.errors import NotFound
from osmod.moderation.models import Comment, Group, User
from osmod.moderation.work import Work

#: Called with the owner and the moderated comment, in a job of its own.
Hook = Callable[[Work, User, Comment], None]

_hooks: dict[str, Hook] = {}


def register(group: Group, hook: Hook) -> None:
    """Call `hook` after every decision on a comment owned by a user of `group`. One a group."""
    _hooks[group] = hook


def groups() -> Set[str]:
    """The groups that have a hook."""
    return _hooks.keys()


def actor_name(group: str) -> str:
    """The wire name of the job that runs a group's hook, as OSMod's."""
    return f"{group}:commentModerated"


def comment_moderated(work: Work, owner_id: int, comment_id: int) -> None:
    """Run the hook of the owner's group, if it has one.

    Raises:
      NotFound: there is no such owner or comment.
    """
    owner = work.session.get(User, owner_id)
    if owner is None:
        raise NotFound(f"No user with ID {owner_id}")
    hook = _hooks.get(owner.group)
    if hook is None:
        return
    comment = work.session.get(Comment, comment_id)
    if comment is None:
        raise NotFound(f"No comment with ID {comment_id}")
    hook(work, owner, comment)
