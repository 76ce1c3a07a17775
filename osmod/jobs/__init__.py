"""How it runs: the broker, its options and what surrounds a job. Knows nothing of moderation."""

from osmod.jobs.enqueue import Enqueued, enqueue
from osmod.jobs.events import events
from osmod.jobs.middleware.current import CurrentJob, current_job

__all__ = ["CurrentJob", "Enqueued", "current_job", "enqueue", "events"]
