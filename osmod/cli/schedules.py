"""`osmod schedules`: what runs when, how it went, and running, pausing or resuming one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from osmod.cli.queue_access import job_broker
from osmod.cli.tables import console, length, table
from osmod.jobs.schedules import (
    ScheduleBusy,
    ScheduleState,
    UnknownSchedule,
    list_schedules,
    run_now,
)
from osmod.jobs.schedules import pause as pause_schedule
from osmod.jobs.schedules import resume as resume_schedule


@click.group()
def schedules() -> None:
    """Show the periodic actors, run one now, pause or resume one.

    `periodiq worker` sends their runs; a paused schedule sends nothing until it is resumed.
    """


@schedules.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, times in ISO 8601.")
def list_(as_json: bool) -> None:
    """What runs when: in words, next run, last run and how it went."""
    found = list_schedules(job_broker())
    if as_json:
        for state in found:
            click.echo(json.dumps(asdict(state), default=_plain))
        return
    shown = table("schedule", "when", "next", "last", "outcome", ">took")
    now = datetime.now(UTC)
    for state in found:
        shown.add_row(*_cells(state, now))
    console().print(shown)


@schedules.command()
@click.argument("name")
def run(name: str) -> None:
    """Queue a run of the schedule NAME at once; exit 1 if its last run is not done."""
    with _named():
        message = run_now(job_broker(needs_actors=True), name)
    click.echo(f"{name} is queued as {message.message_id}")


@schedules.command()
@click.argument("name")
def pause(name: str) -> None:
    """Let the schedule NAME send nothing until it is resumed."""
    with _named():
        pause_schedule(job_broker(), name)
    click.echo(f"{name} is paused")


@schedules.command()
@click.argument("name")
def resume(name: str) -> None:
    """Let the schedule NAME send again, from its next time on."""
    with _named():
        resume_schedule(job_broker(), name)
    click.echo(f"{name} is resumed")


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except (UnknownSchedule, ScheduleBusy) as error:
        raise click.ClickException(str(error)) from None


def _cells(state: ScheduleState, now: datetime) -> list[str]:
    doing = "running" if state.running else "waiting" if state.waiting else state.last_outcome or ""
    if state.last_error and not state.running:
        doing = f"{doing}: {state.last_error}"
    return [
        state.name,
        state.words,
        "paused" if state.next is None else f"in {length(state.next - now)}",
        f"{length(now - state.last_started)} ago" if state.last_started else "never",
        doing,
        length(state.last_duration),
    ]


def _plain(value: Any) -> Any:
    return value.total_seconds() if isinstance(value, timedelta) else value.isoformat()
