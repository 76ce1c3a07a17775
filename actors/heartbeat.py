"""Comments whose scores never came are sent again."""

import dramatiq

from actors.scoring import send_comment_for_scoring
from osmod.jobs.actor import JobActor
from osmod.jobs.messages.options import PRIORITIES
from osmod.jobs.schedules import every
from osmod.moderation import sending
from osmod.moderation.database import open_session
from osmod.task import DATABASE_RETRIES, get_engine

#: Comments sent again at a time; OSMod sends 10, which after an outage of an hour takes it days.
RESEND_LIMIT = 100


@dramatiq.actor(
    actor_class=JobActor,
    actor_name="heartbeat",
    periodic=every("10 minutes"),
    priority=PRIORITIES["low"],
    **DATABASE_RETRIES,
)
def heartbeat() -> None:
    """Send comments for scoring whose scores have been due for 5 minutes, longest waiting first."""
    with open_session(get_engine()) as session:
        overdue = sending.comments_to_resend(session, RESEND_LIMIT)
    for comment_id in overdue:
        send_comment_for_scoring.send_with_options(
            kwargs={"comment_id": comment_id}, priority=PRIORITIES["low"]
        )
