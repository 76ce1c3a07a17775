"""How it runs: the broker, its options and what surrounds a job. Knows nothing of moderation."""

from osmod.jobs.enqueue import Enqueued, enqueue

__all__ = ["Enqueued", "enqueue"]
