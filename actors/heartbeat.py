"""What is done over and over: comments whose scores never came are sent again, owed jobs are queued."""

import dramatiq

from actors.scoring import send_comment_for_scoring
from osmod.jobs.priorities import LOW
from osmod.jobs.schedules import every
from osmod.moderation import outbox, sending
from osmod.moderation.database import open_session
from osmod.task import DATABASE_RETRIES, deliver, get_engine

RESEND_LIMIT = 100
"""Comments sent again at a time; OSMod sends 10, which after an outage of an hour takes it days."""
OWED_LIMIT = 1_000


@dramatiq.actor(actor_name="heartbeat", periodic=every("10 minutes"), **DATABASE_RETRIES)
def heartbeat(limit: int = RESEND_LIMIT) -> None:
    """Send comments for scoring whose scores have been due for 5 minutes, longest waiting first."""
    with open_session(get_engine()) as session:
        overdue = sending.comments_to_resend(session, limit)
    for comment_id in overdue:
        send_comment_for_scoring.send_with_options(kwargs={"comment_id": comment_id}, priority=LOW)


@dramatiq.actor(actor_name="sweepOutbox", periodic=every("1 minute"), **DATABASE_RETRIES)
def sweep_outbox() -> None:
    """Queue the jobs that committed changes owe, where the process that should have done it died."""
    with open_session(get_engine()) as session:
        owed = outbox.overdue(session, OWED_LIMIT)
    deliver(owed)
