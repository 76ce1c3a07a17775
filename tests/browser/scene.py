"""What the pages show in these tests: jobs in every state, a worker, and whatever else pages are about."""

from __future__ import annotations

import time

from sqlalchemy import Engine

from actors import send_comment_for_scoring
from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.minutes import note_minute
from osmod.jobs.queue.presence import give_sign_of_life
from tests.jobs.records.taking import end


def furnish(queue: JobBroker, engine: Engine) -> None:
    """Fill the queue and the database. Pages that show more have it made here."""
    note_minute(queue, ["default"])
    give_sign_of_life(queue, threads=8, running=2, queues=["default"], since=time.time() - 90, first=True)
    for comment_id in range(6):
        send_comment_for_scoring.send(comment_id=comment_id)
    end(queue, 2)
