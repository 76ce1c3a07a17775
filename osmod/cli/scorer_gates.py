"""The scorers' gates on the command line: looked at where there is a queue that answers, and reset by hand."""

from __future__ import annotations

from collections.abc import Sequence

import click
import redis

from osmod.cli.checks.queue import open_queue
from osmod.cli.errors import explain
from osmod.operating import scorers
from osmod.operating.scorers import ScorerState, with_gates
from osmod.settings import get_settings


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
    """Have a scorer asked again at once, whatever it did before.

    Raises:
      redis.RedisError, OSError: Redis is away.
    """
    with open_queue(get_settings()) as queues:
        scorers.reopen(queues, scorer_id, reason=reason)
