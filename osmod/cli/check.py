"""`osmod check`: every problem at once, in words that say what to do."""

from __future__ import annotations

import sys

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--quick", is_flag=True, help="Only Redis and the database, and only errors.")
@click.option(
    "--alive",
    type=click.Choice(["worker", "scheduler"]),
    help="Only whether that program of this host gave a sign of life lately: for health checks.",
)
def check(as_json: bool, quick: bool, alive: str | None) -> None:
    """Say what is wrong with this installation, and what to do about it.

    Looks at settings, Redis, database, actors, schedules and scorers. Exit code 1 if anything is an error;
    warnings leave it at 0.

    \b
    Examples:
      osmod check
      osmod check --json | jq '.database'
      osmod check --quick            before a worker is started
      osmod check --alive worker     a container's health check
    """
    if alive:
        _say_whether_alive(alive)
        return
    from osmod.cli.checks import report  # late: it loads all that it looks at
    from osmod.cli.checks.finding import Level

    found = report.look(report.QUICK if quick else tuple(report.AREAS))
    if as_json:
        click.echo(report.as_json(found))
    else:
        report.show(found, {Level.ERROR} if quick else set(Level))
    if report.count(found, Level.ERROR):
        sys.exit(1)


def _say_whether_alive(program: str) -> None:
    from osmod.cli.alive import NotAlive, sign_of_life  # late: they load the queue
    from osmod.settings import get_settings

    try:
        click.echo(sign_of_life(program, get_settings().redis_url))
    except NotAlive as problem:
        click.echo(problem, err=True)
        sys.exit(1)
