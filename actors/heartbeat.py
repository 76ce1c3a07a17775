"""Comments whose scores never came are sent again."""

import dramatiq

from actors.scoring import send_comment_for_scoring
from osmod.jobs.actor import JobActor
from osmod.jobs.messages.options import PRIORITIES
from osmod.jobs.schedules import every
from osmod.moderation.sending import withdraw
from osmod.moderation.unscored import put_further_off
from osmod.task import DATABASE_RETRIES, commit, outbox
from osmod.task.opening import any_usable
from osmod.task.overdue import comments_to_resend
from osmod.task.sending import send_all

#: Comments sent again at a time; OSMod sends 10, which after an outage of an hour takes it days.
RESEND_LIMIT = 1_000


@dramatiq.actor(
    actor_class=JobActor,
    actor_name="heartbeat",
    periodic=every("10 minutes"),
    priority=PRIORITIES["low"],
    **DATABASE_RETRIES,
)
def heartbeat() -> None:
    """Send comments for scoring whose scores have been due for 5 minutes, longest waiting first.

    Those that wait for their scorer's turn are left alone; those of which a scorer was given up are sent again at
    growing distances. Who has answered is not asked again; who was switched off or deleted since it was asked is waited
    for no more. While no scorer can be asked as it is set up, nothing is sent: each time as many jobs would fail.
    """
    outbox.sweep()  # answers may be owed, as after an outage of Redis: who gave them is not asked, and paid, again
    overdue = comments_to_resend(RESEND_LIMIT) if any_usable() else []
    commit(lambda work: withdraw(work, overdue))
    send_all(
        send_comment_for_scoring.message_with_options(
            kwargs={"comment_id": comment_id, "missing": True},
            priority=PRIORITIES["low"],
            unique=f"resend:{comment_id}",
        )
        for comment_id in overdue
    )
    commit(lambda work: put_further_off(work, overdue))
