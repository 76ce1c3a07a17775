"""The scorers' gates on the command line: looked at where there is a queue that answers, and reset by hand."""

from __future__ import annotations

from collections.abc import Sequence

import click
import redis

from osmod.cli.checks.queue import open_queue
from osmod.cli.errors import explain
from osmod.cli.scorer_states import ScorerState, with_gates
from osmod.jobs.steering.audit import note
from osmod.settings import get_settings
from osmod.task.scorer_gates import gate_to_look_at

#: Whose audit log has what is done to scorers: the queue of the jobs that ask them.
QUEUE = "default"


def looked_at(states: Sequence[ScorerState]) -> list[ScorerState]:
    """Scorers with how asking them goes; without, and with a line that says so, where Redis does not answer."""
    settings = get_settings()
    if settings.run_immediately:
        return list(states)
    try:
        with open_queue(settings) as queues:
            return with_gates(queues, states)
    except (redis.RedisError, OSError) as error:
        click.echo(f"{explain(error) or error} How asking the scorers goes is not known.", err=True)
        return list(states)


def reopen(scorer_id: int, *, reason: str = "") -> None:
    """Have a scorer asked again at once, whatever it did before; the audit log keeps it.

    Raises:
      redis.RedisError, OSError: Redis is away.
    """
    with open_queue(get_settings()) as queues:
        gate_to_look_at(queues, scorer_id).reset()
        note(queues, "resume scorer", f"scorer={scorer_id}", queue=QUEUE, reason=reason)
