"""Telling the owners of moderated comments, by the owner's group (OSMod: `youtube:commentModerated`)."""

from osmod.moderation import hooks
from osmod.moderation.models import Group
from osmod.moderation.work import Work
from osmod.task import task
from osmod.task.payload import Id


def on_comment_moderated(group: Group, hook: hooks.Hook) -> None:
    """Call `hook(work, owner, comment)` after every decision on a comment owned by a user of `group`.

    For an actor module of your own; the job's wire name is `<group>:commentModerated`.
    """
    if group != "youtube":
        task(hooks.actor_name(group))(_run)
    hooks.register(group, hook)


def _run(work: Work, owner_id: Id, comment_id: Id) -> None:
    """Tell the owner of a moderated comment, in the way of the owner's group."""
    hooks.comment_moderated(work, owner_id, comment_id)


youtube_comment_moderated = task(hooks.actor_name("youtube"))(_run)
