"""`osmod check`: every problem at once, in words that say what to do."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable

import click

from osmod.cli import checks
from osmod.cli.checks import Finding, Level
from osmod.cli.checks.finding import error
from osmod.settings import Settings, SettingsError, get_settings

#: What is looked at, in the order shown.
AREAS: dict[str, Callable[[Settings], Iterable[Finding]]] = {
    "settings": checks.check_settings,
    "redis": checks.check_redis,
    "database": checks.check_database,
    "actors": checks.check_actors,
    "schedules": checks.check_schedules,
    "scorers": checks.check_scorers,
}
#: What a running worker cannot do without.
QUICK = ("redis", "database")
_MARKS = {Level.OK: ("✓", "green"), Level.WARNING: ("!", "yellow"), Level.ERROR: ("✗", "red")}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option(
    "--quick", is_flag=True, help="Only Redis and the database, and only errors: for health checks."
)
def check(as_json: bool, quick: bool) -> None:
    """Say what is wrong with this installation, and what to do about it.

    Looks at settings, Redis, database, actors, schedules and scorers. Exit code 1 if anything is an error;
    warnings leave it at 0.

    \b
    Examples:
      osmod check
      osmod check --json | jq '.database'
      osmod check --quick            a container's health check
    """
    found = _look(QUICK if quick else tuple(AREAS))
    if as_json:
        click.echo(
            json.dumps({area: [_plain(one) for one in list_] for area, list_ in found.items()}, indent=2)
        )
    else:
        _print(found, {Level.ERROR} if quick else set(Level))
    if _count(found, Level.ERROR):
        sys.exit(1)


def _look(areas: Iterable[str]) -> dict[str, list[Finding]]:
    try:
        settings = get_settings()
    except SettingsError as problem:
        # Every other area depends on them.
        return {"settings": [error(one) for one in problem.problems]}
    return {area: list(AREAS[area](settings)) for area in areas}


def _print(found: dict[str, list[Finding]], levels: set[Level]) -> None:
    for area, findings in found.items():
        shown = [finding for finding in findings if finding.level in levels]
        if shown:
            click.secho(area, bold=True)
        for finding in shown:
            mark, colour = _MARKS[finding.level]
            click.echo(f"  {click.style(mark, fg=colour)} {finding.message}")
    errors, warnings = _count(found, Level.ERROR), _count(found, Level.WARNING)
    click.echo(f"{_number(errors, 'error')}, {_number(warnings, 'warning')}")


def _count(found: dict[str, list[Finding]], level: Level) -> int:
    return sum(finding.level is level for findings in found.values() for finding in findings)


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def _plain(finding: Finding) -> dict[str, str]:
    return {"level": finding.level, "message": finding.message}
