"""Giving the rules the ranges that a comparison found, and taking that back."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import Engine

from osmod.cli.checks.database import open_engine
from osmod.cli.queue_access import EXIT_CODES, confirm, counted
from osmod.comparing.applying import (
    Change,
    RulesChanged,
    as_before,
    changes,
    read_back,
    rewrite,
    write_down,
)
from osmod.comparing.report import Report
from osmod.comparing.rules import Keep, proposal
from osmod.comparing.sample import Sample
from osmod.comparing.thresholds import NOTHING
from osmod.moderation.rules import Rule
from osmod.settings import get_settings


def as_they_were(sample: Sample, way_back: Path) -> list[Rule]:
    """The rules as they were before --apply, which is what they are compared by; said where they are not so now."""
    if not way_back.exists():
        return sample.rules
    before = as_before(sample.rules, _read(way_back), sample.attributes)
    if before != sample.rules:
        click.echo(
            f"Rules have the ranges of an earlier --apply ({way_back}); they are compared as they were before it.",
            err=True,
        )
    return before


def apply_ranges(
    engine: Engine,
    report: Report,
    keep: Keep,
    way_back: Path,
    *,
    old_id: int,
    new_id: int,
    is_done: bool,
    yes: bool,
) -> None:
    """Rewrite the rules, after a question. `is_done`: they have been already."""
    if is_done:
        raise click.ClickException(
            f"the rules are made for the new scorer already; first: osmod scorers restore-rules {way_back}"
        )
    wanted = changes(report.rules, keep)
    for one in report.rules:
        if proposal(one, keep) in (None, NOTHING):
            click.echo(f"rule {one.rule.id} will decide nothing: {one.why_not}", err=True)
    if not wanted:
        click.echo("no rule is to be changed", err=True)
        return
    _show(wanted)
    if not yes:
        confirm(f"{counted(len(wanted), 'rule')} would be changed.", len(wanted))
    write_down(way_back, wanted)
    _rewrite(engine, wanted)
    click.echo(f"{counted(len(wanted), 'rule')} changed", err=True)
    click.echo(f"the way back: osmod scorers restore-rules {way_back}", err=True)
    click.echo(f"now switch over: osmod scorers disable {old_id} && osmod scorers enable {new_id}", err=True)


@click.command("restore-rules", epilog=EXIT_CODES)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def restore_rules(file: Path, yes: bool) -> None:
    """Give rules the ranges back that they had before `osmod scorers compare --apply`, from the FILE that it wrote.

    All of them or none: if one was changed otherwise since, nothing is done. Safe to run again.
    """
    wanted = [change.back() for change in _read(file)]
    _show(wanted)
    if not yes:
        confirm(f"{counted(len(wanted), 'rule')} would be changed.", len(wanted))
    with open_engine(get_settings(), long=True) as engine:
        _rewrite(engine, wanted)
    click.echo(f"{counted(len(wanted), 'rule')} as before", err=True)


def _show(wanted: list[Change]) -> None:
    for change in wanted:
        click.echo(f"rule {change.rule_id}: {change.before} -> {change.after}", err=True)


def _rewrite(engine: Engine, wanted: list[Change]) -> None:
    try:
        rewrite(engine, wanted)
    except RulesChanged as error:
        raise click.ClickException(f"{error}.") from None


def _read(path: Path) -> list[Change]:
    try:
        return read_back(path)
    except ValueError as error:
        raise click.ClickException(f"{error}.") from None
