"""How it runs: the broker, its options and what surrounds a job. Knows nothing of moderation."""

from osmod.jobs.current import CurrentJob, current_job
from osmod.jobs.enqueue import Enqueued, enqueue
from osmod.jobs.events import events

__all__ = ["CurrentJob", "Enqueued", "current_job", "enqueue", "events"]
