"""What `osmod check` found, printed: area by area, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

import click

from osmod.cli import checks
from osmod.cli.checks.finding import Finding, Level, error
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


def look(areas: Iterable[str]) -> dict[str, list[Finding]]:
    """The findings of each area; of settings that cannot be read, what is wrong with them."""
    try:
        settings = get_settings()
    except SettingsError as problem:
        # Every other area depends on them.
        return {"settings": [error(one) for one in problem.problems]}
    return {area: list(AREAS[area](settings)) for area in areas}


def show(found: dict[str, list[Finding]], levels: set[Level]) -> None:
    """Print the findings of these levels, and how many errors and warnings there are."""
    for area, findings in found.items():
        shown = [finding for finding in findings if finding.level in levels]
        if shown:
            click.secho(area, bold=True)
        for finding in shown:
            mark, colour = _MARKS[finding.level]
            click.echo(f"  {click.style(mark, fg=colour)} {finding.message}")
    errors, warnings = count(found, Level.ERROR), count(found, Level.WARNING)
    click.echo(f"{_number(errors, 'error')}, {_number(warnings, 'warning')}")


def count(found: dict[str, list[Finding]], level: Level) -> int:
    """How many findings are of a level."""
    return sum(finding.level is level for findings in found.values() for finding in findings)


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def as_json(found: dict[str, list[Finding]]) -> str:
    """The findings of each area as JSON."""
    return json.dumps({area: [_plain(one) for one in list_] for area, list_ in found.items()}, indent=2)


def _plain(finding: Finding) -> dict[str, str]:
    return {"level": finding.level, "message": finding.message}
