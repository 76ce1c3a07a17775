"""Telling the systems that comments come from what was decided: at once, and again until they have heard."""

from collections.abc import Iterable, Iterator

import dramatiq

from osmod.jobs.actor import JobActor
from osmod.jobs.schedules import every
from osmod.moderation.database import open_session
from osmod.moderation.models import now
from osmod.moderation.publishing import overview
from osmod.moderation.publishing.owing import DELIVER, owe_current
from osmod.moderation.work import Work
from osmod.task import DATABASE_RETRIES, get_engine, task
from osmod.task.payload import Id, checked
from osmod.task.sending import send_all, send_all_soon
from osmod.task.telling import tell

#: Comments of one publisher that a sweep queues at most; the next one comes a minute later.
SWEPT = 500
#: Comments that are looked at, wait for a place at their publisher, or are told, in a process.
AT_ONCE = 600


@dramatiq.actor(
    actor_class=JobActor,
    actor_name=DELIVER,
    concurrency=AT_ONCE,
    # As answers of scorers: what is decided is told before more is asked.
    priority=-1,
    index=("comment_id",),
    # While one runs, one may wait: it sees the decisions that the other may have missed.
    unique=("comment_id",),
    unique_until="started",
    **DATABASE_RETRIES,
)
@checked(DELIVER)
async def deliver_decision(comment_id: Id) -> None:
    """Tell the publisher of a comment what was decided on it, unless another worker is at it or it is too early."""
    if others := await tell(comment_id):
        await send_all_soon(_messages(others))


@task("youtube:commentModerated")
def youtube_comment_moderated(work: Work, owner_id: Id, comment_id: Id) -> None:
    """See to it that a comment's publisher is told of its current decision: what OSMod queues for YouTube's owners."""
    owe_current(work, owner_id, comment_id)


@dramatiq.actor(
    actor_class=JobActor, actor_name="sweepDeliveries", periodic=every("1 minute"), **DATABASE_RETRIES
)
def sweep_deliveries() -> None:
    """Queue what is due again, or was left by a worker that died."""
    with open_session(get_engine()) as session:
        due = overview.due(session, now(), SWEPT)
    send_all(_messages(due))


def _messages(comment_ids: Iterable[int]) -> Iterator[dramatiq.Message[None]]:
    return (deliver_decision.message(comment_id=comment_id) for comment_id in comment_ids)
