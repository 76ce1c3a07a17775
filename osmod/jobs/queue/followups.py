"""What follows from a job's end and could not be sent by its hooks: sent before the job is settled."""

from __future__ import annotations

from contextlib import suppress

from osmod.jobs.queue.job import Job
from osmod.jobs.queue.sending import Sender


def send_followups(sender: Sender, job: Job) -> None:
    """Send what hooks could not send while Redis was away.

    Raises:
      JobNotQueued: Redis is away; what was not sent is kept.
    """
    followups = job.followups or []
    for one in followups.copy():
        message, delay = one
        sender.store(message, delay, patience=0, follows=True)
        # Another thread, which tells of the job under another lease, may have sent it, too.
        with suppress(ValueError):
            followups.remove(one)
