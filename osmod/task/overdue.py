"""Comments that wait for their scores for no reason that the queue knows of."""

from __future__ import annotations

from osmod.moderation.database import open_session
from osmod.moderation.sending import overdue
from osmod.task.engine import get_engine
from osmod.task.requests import answer_id, ask_id, miss_id, still_queued


def comments_to_resend(limit: int) -> list[int]:
    """At most `limit` comments whose scores are overdue, longest waiting first.

    Without those of which a job is still to ask a scorer, to take its answer in, or to wait for its call: their turn
    comes, however long the queue is.
    """
    found: list[int] = []
    with open_session(get_engine()) as session:
        for page in overdue(session):
            session.rollback()  # on SQLite reading locks out who writes, and Redis may be slow
            jobs = {
                job(request.id, request.sent_at): comment_id
                for comment_id, requests in page.items()
                for request in requests
                for job in (ask_id, answer_id, miss_id)
            }
            waiting = {jobs[message_id] for message_id in still_queued(jobs)}
            found += [comment_id for comment_id in page if comment_id not in waiting]
            if len(found) >= limit:
                break
    return found[:limit]
