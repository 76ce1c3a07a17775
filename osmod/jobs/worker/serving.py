"""What a worker is told to serve; one that would run no job, or not those meant, is refused before it begins."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from dramatiq import Worker


def refusal(worker: Worker) -> str:
    """Why a worker would not do what it was told to, in a sentence; '' if it will.

    It runs the jobs of those queues that the actors of its process are in, and of no other.
    """
    if worker.worker_threads < 1:
        return no_threads(worker.worker_threads)
    return _unknown_queues(worker.consumer_whitelist or (), worker.broker.get_declared_queues())


def no_threads(count: int) -> str:
    """What is wrong with so few threads."""
    return f"-t {count} would run no job: at least one thread in each process is needed."


def _unknown_queues(wanted: Iterable[str], declared: Iterable[str]) -> str:
    known = sorted(declared)
    unknown = sorted(name for name in wanted if name not in known)
    if not unknown:
        return ""
    near = get_close_matches(unknown[0], known, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known) or 'none'}."
    return f"-Q {', '.join(map(repr, unknown))}: no actor is in such a queue; {hint}"
