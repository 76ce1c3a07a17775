"""What readers say of comments, and that a moderator has dealt with it.

Who said it, and what else they said, is masked in logs and records of jobs.
"""

from typing import Annotated

from pydantic import AfterValidator, Field

from osmod.moderation import flags
from osmod.moderation.utf8mb3 import checked
from osmod.moderation.work import Work
from osmod.task import task
from osmod.task.payload import AnyJson, Flag, Id, Name, UserId

Label = Annotated[str, Field(min_length=1, max_length=80, strict=True), AfterValidator(checked)]


@task("resolveFlags", priority="high")
def resolve_flags(work: Work, comment_id: Id, user_id: UserId = None, is_batch_action: Flag = False) -> None:
    """Mark a comment's open flags as dealt with. `is_batch_action` makes no difference, as in OSMod."""
    flags.resolve_flags(work, comment_id, user_id)


@task("reopenFlags", priority="high")
def reopen_flags(work: Work, comment_id: Id, flag_ids: list[Id], user_id: Id) -> None:
    """Open flags again that a moderator resolved by an act that is taken back."""
    flags.reopen(work, comment_id, flag_ids, user_id)


@task("processTagAddition", sensitive=("source_user_id", "extra"))
def process_tag_addition(
    work: Work, type: Label, source_comment_id: Name, source_user_id: Name, extra: AnyJson = flags.UNSET
) -> None:
    """A reader flags (`type` "flag") or recommends ("recommendation") a comment; ids are the publisher's."""
    flags.add_flag(work, type, source_comment_id, source_user_id, extra)


@task("processTagRevocation", sensitive=("source_user_id",))
def process_tag_revocation(work: Work, type: Label, source_comment_id: Name, source_user_id: Name) -> None:
    """A reader takes back what they said of a comment, whatever its type."""
    flags.revoke_flags(work, source_comment_id, source_user_id)
