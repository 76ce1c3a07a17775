"""What readers say of comments, and that a moderator has dealt with it.

Who said it, and what else they said, is masked in logs and records of jobs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field

from osmod.moderation import flags
from osmod.moderation.utf8mb3 import checked
from osmod.moderation.work import Work
from osmod.task import batch_task, task
from osmod.task.payload import AnyJson, Flag, Id, Name, UserId

Label = Annotated[str, Field(min_length=1, max_length=80, strict=True), AfterValidator(checked)]


@dataclass(frozen=True)
class Resolved:
    """What was dealt with. `is_batch_action` makes no difference, as in OSMod."""

    comment_id: Id
    user_id: UserId = None
    is_batch_action: Flag = False


@batch_task("resolveFlags", batch=50, priority="high")
def resolve_flags(work: Work, acts: Sequence[Resolved]) -> None:
    """Mark a comment's open flags as dealt with."""
    flags.resolve_flags(work, acts)


@task("reopenFlags", priority="high")
def reopen_flags(work: Work, comment_id: Id, flag_ids: list[Id], user_id: Id) -> None:
    """Open flags again that a moderator resolved by an act that is taken back."""
    flags.reopen(work, comment_id, flag_ids, user_id)


@dataclass(frozen=True)
class Said:
    """What a reader says of a comment."""

    type: Label
    source_comment_id: Name
    source_user_id: Name
    extra: AnyJson = flags.UNSET


@batch_task("processTagAddition", batch=50, sensitive=("source_user_id", "extra"))
def process_tag_addition(work: Work, said: Sequence[Said]) -> None:
    """A reader flags (`type` "flag") or recommends ("recommendation") a comment; ids are the publisher's."""
    flags.add_flags(
        work,
        [flags.Said(one.type, one.source_comment_id, one.source_user_id, one.extra) for one in said],
    )


@dataclass(frozen=True)
class TakenBack:
    """A reader's word on a comment, whatever its type."""

    type: Label
    source_comment_id: Name
    source_user_id: Name


@batch_task("processTagRevocation", batch=50, sensitive=("source_user_id",))
def process_tag_revocation(work: Work, said: Sequence[TakenBack]) -> None:
    """A reader takes back what they said of a comment, whatever its type."""
    flags.revoke_flags(
        work, [flags.Said(one.type, one.source_comment_id, one.source_user_id) for one in said]
    )
