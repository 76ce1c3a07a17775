"""What `osmod check` found, printed: area by area, or as JSON."""

from __future__ import annotations

import json
import time
from functools import partial

import click

from osmod.cli import checks
from osmod.cli.checks.asking import PATIENCE, Area, Asking
from osmod.cli.checks.finding import Finding, Level, error
from osmod.jobs.logs.saying import on_one_line
from osmod.jobs.preflight import usable_settings
from osmod.settings import Settings, SettingsError, get_settings, masked

#: What is looked at, in the order shown.
AREAS: dict[str, Area] = {
    "settings": checks.check_settings,
    "redis": checks.check_redis,
    "workers": checks.check_workers,
    "scheduler": checks.check_scheduler,
    "queues": checks.check_queues,
    "kue": checks.check_kue,
    "database": checks.check_database,
    "outbox": checks.check_outbox,
    "actors": checks.check_actors,
    "schedules": checks.check_schedules,
    "scorers": checks.check_scorers,
    "asking": checks.check_gates,
    "publishers": checks.check_publishers,
    "access": checks.check_access,
}
#: What a running worker cannot do without, as its own users may ask for it.
QUICK: dict[str, Area] = {
    "redis": partial(checks.check_redis, ask_config=False),
    "database": checks.check_database,
}
#: Which of them ask Redis, and which the database; and which both.
_OF_REDIS = ("redis", "workers", "scheduler", "queues")
_OF_KUE = ("kue",)
_OF_DATABASE = ("database", "outbox", "scorers", "publishers", "access")
_OF_BOTH = ("asking",)
_MARKS = {
    Level.OK: ("✓", "green"),
    Level.NOTE: ("·", "cyan"),
    Level.WARNING: ("!", "yellow"),
    Level.ERROR: ("✗", "red"),
}

_LEVELS = list(Level)

Found = dict[str, list[Finding]]


def look(areas: dict[str, Area]) -> Found:
    """The findings of each area; of settings that cannot be read, what is wrong with them."""
    try:
        settings = get_settings()
    except SettingsError:
        # Every other area depends on them; so a worker's questions are asked here.
        return {"settings": [error(one) for one in _problems()]}
    found = _look(areas, settings)
    return {name: found[name] for name in areas if name in found}


def _problems() -> tuple[str, ...]:
    try:
        usable_settings()
    except SettingsError as problem:
        return problem.problems
    return ()


def _look(areas: dict[str, Area], settings: Settings) -> Found:
    servers = {
        f"Redis at {masked(settings.redis_url)}": _OF_REDIS,
        f"Kue's Redis at {masked(settings.kue_url)}": _OF_KUE,
        f"the database at {masked(settings.database_url)}": _OF_DATABASE,
        "": _OF_BOTH,
    }
    remote = {name for names in servers.values() for name in names}
    # First what needs no server: it loads the actors, which the others ask for, and takes its own time.
    found: Found = {name: list(area(settings)) for name, area in areas.items() if name not in remote}
    asking = [
        Asking(server, {name: area for name, area in areas.items() if name in names}, settings)
        for server, names in servers.items()
    ]
    for one in asking:
        one.start()
    deadline = time.monotonic() + PATIENCE
    for one in asking:
        found |= one.findings(deadline)
    return found


def worst(found: Found) -> Level:
    """The level of the worst finding."""
    return max(map(_worst, found.values()), key=_LEVELS.index, default=Level.OK)


def _worst(findings: list[Finding]) -> Level:
    return max((one.level for one in findings), key=_LEVELS.index, default=Level.OK)


def _urgency(findings: list[Finding]) -> int:
    """What there is to be done about comes first; a note is nothing of that."""
    return max(_LEVELS.index(_worst(findings)), _LEVELS.index(Level.NOTE))


def show(found: Found, levels: set[Level]) -> None:
    """Print the findings of these levels, the worst areas first, and before and after them how it stands.

    Monitoring programs pass the first line on; the last is what a small terminal shows.
    """
    stands = summary(found)
    click.echo(stands)
    shown = {area: [one for one in findings if one.level in levels] for area, findings in found.items()}
    for area in sorted(filter(shown.get, shown), key=lambda one: _urgency(shown[one]), reverse=True):
        click.secho(area, bold=True)
        for finding in shown[area]:
            mark, colour = _MARKS[finding.level]
            click.echo(f"  {click.style(mark, fg=colour)} {on_one_line(finding.message)}")
    if any(shown.values()):
        click.echo(stands)


def summary(found: Found) -> str:
    """How many errors and warnings there are, and in which areas, the worst first."""
    ill = [area for level in (Level.ERROR, Level.WARNING) for area in found if _worst(found[area]) is level]
    numbers = (
        f"{_number(count(found, Level.ERROR), 'error')}, {_number(count(found, Level.WARNING), 'warning')}"
    )
    return f"{numbers}: {', '.join(ill)}" if ill else numbers


def count(found: Found, level: Level) -> int:
    """How many findings are of a level."""
    return sum(finding.level is level for findings in found.values() for finding in findings)


def as_json(found: Found) -> str:
    """One object: the level of the worst finding, and a list of findings for each area."""
    lists = {area: [_plain(one) for one in findings] for area, findings in found.items()}
    return json.dumps({"level": worst(found), **lists}, indent=2, ensure_ascii=False)


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def _plain(finding: Finding) -> dict[str, str]:
    return {"level": finding.level, "message": finding.message}
