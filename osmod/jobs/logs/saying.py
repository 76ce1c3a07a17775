"""What may be said of a job's failure in a log: one line, and nothing that its actor calls sensitive."""

from __future__ import annotations

from collections.abc import Iterable

from osmod.jobs.messages.arguments import named, scrubbed, secrets
from osmod.jobs.queue.job import Job

#: Characters of what an error says that are shown.
_LONGEST = 400


def said(error: BaseException | None, hidden: Iterable[str]) -> str:
    """An error in one line: its class, and the first line of what it says, without the secrets in it."""
    first, *_ = scrubbed(str(error or ""), hidden).strip().splitlines() or [""]
    return f"{type(error).__name__}: {first[:_LONGEST]}".removesuffix(": ")


def secrets_of(job: Job) -> list[str]:
    """The texts of a job that stand in no log."""
    actor = job.consumer.broker.actors.get(job.actor_name)
    return secrets(actor, named(actor, job.args, job.kwargs))
