"""The scorers' gates on the command line: looked at where there is a queue that answers, and reset by hand."""

from __future__ import annotations

from collections.abc import Sequence

import click
import redis

from osmod.cli.checks.database import open_database
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


def reopen(scorer_id: int, *, reason: str = "") -> int:
    """Have a scorer asked again at once, whatever it did before; how many questions that waited are asked now.

    Raises:
      redis.RedisError, OSError: Redis is away.
    """
    with open_queue(get_settings()) as queues, open_database(get_settings()) as session:
        return scorers.reopen(queues, session, scorer_id, reason=reason)


def wake(scorer_id: int, *, reason: str = "") -> int:
    """Have questions that wait for a scorer that is not held up come now; how many.

    Raises:
      redis.RedisError, OSError: Redis is away.
    """
    with open_queue(get_settings()) as queues, open_database(get_settings()) as session:
        return scorers.wake(queues, session, scorer_id, reason=reason)
