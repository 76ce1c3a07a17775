"""`osmod check`: every problem at once, in words that say what to do."""

from __future__ import annotations

import sys
from datetime import timedelta
from functools import partial

import click

from osmod.cli.durations import Duration

#: Exit codes as monitoring programs know them. Notes do not count.
WELL, WARNING, BROKEN = 0, 1, 2
#: Of `--quick`, as container engines know them.
UNHEALTHY = 1


@click.command(epilog="Exit codes: 0 well, 1 warnings, 2 something is broken; with --quick 0 well, 1 not.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as one object of JSON.")
@click.option("--quick", is_flag=True, help="Only Redis and the database, and only errors.")
@click.option(
    "--alive",
    type=click.Choice(["worker", "scheduler"]),
    help="Only whether that program of this host gave a sign of life lately: for health checks.",
)
@click.option(
    "--max-waiting",
    type=Duration(),
    default="5m",
    show_default=True,
    help="Warn of a queue in which a job has waited for longer.",
)
@click.option(
    "--max-failed",
    type=click.IntRange(0),
    default=100,
    show_default=True,
    help="Warn of a queue in which more jobs have failed.",
)
def check(as_json: bool, quick: bool, alive: str | None, max_waiting: timedelta, max_failed: int) -> None:
    """Say what is wrong with this installation, whether it stands still or runs, and what to do about it.

    Looks at settings, Redis, workers, scheduler, queues, Kue's queue, database, outbox, actors, schedules, scorers and
    tokens. A Redis or a database that hangs is waited for no longer than 5 seconds.

    \b
    Examples:
      osmod check
      osmod check --max-waiting 30s --max-failed 0
      osmod check --json | jq '.database'
      osmod check --quick            before a worker is started
      osmod check --alive worker     a container's health check
    """
    if alive:
        _say_whether_alive(alive)
        return
    from osmod.cli.checks import check_queues, check_workers, report  # late: it loads all that it looks at
    from osmod.cli.checks.asking import Area
    from osmod.cli.checks.finding import Level
    from osmod.cli.checks.queue import Overviews

    overviews = Overviews()
    limits: dict[str, Area] = {
        "workers": partial(check_workers, overviews=overviews),
        "queues": partial(check_queues, max_waiting=max_waiting, max_failed=max_failed, overviews=overviews),
    }
    areas = report.QUICK if quick else report.AREAS | limits
    found = report.look(areas)
    if as_json:
        click.echo(report.as_json(found))
    else:
        report.show(found, {Level.ERROR} if quick else set(Level))
    worst = report.worst(found)
    if quick:
        sys.exit(UNHEALTHY if worst is Level.ERROR else WELL)
    sys.exit({Level.ERROR: BROKEN, Level.WARNING: WARNING}.get(worst, WELL))


def _say_whether_alive(program: str) -> None:
    from osmod.cli.alive import NotAlive, sign_of_life  # late: they load the queue
    from osmod.settings import get_settings

    try:
        click.echo(sign_of_life(program, get_settings().redis_url))
    except NotAlive as problem:
        click.echo(problem, err=True)
        sys.exit(UNHEALTHY)
