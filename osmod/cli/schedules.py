"""`osmod schedules`: what runs when, how it went, and running, pausing or resuming one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import click
from dramatiq import Broker

from osmod.cli.naming import actor_name
from osmod.cli.queue_access import EXIT_CODES, because, job_broker, print_json
from osmod.cli.schedule_tables import schedules_table
from osmod.cli.tables import console, narrow
from osmod.jobs.schedules import (
    ScheduleBusy,
    ScheduleState,
    UnknownSchedule,
    list_schedules,
    run_now,
)
from osmod.jobs.schedules import pause as pause_schedule
from osmod.jobs.schedules import resume as resume_schedule
from osmod.jobs.steering import note

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(epilog=EXIT_CODES)
def schedules() -> None:
    """Show the periodic actors, run one now, pause or resume one.

    `periodiq worker` sends their runs; a paused schedule sends nothing until it is resumed.
    """


@schedules.command("list")
@click.option("--wide", is_flag=True, help="All columns, however narrow the terminal is.")
@_json
def list_(wide: bool, as_json: bool) -> None:
    """What runs when: in words, next run, last run and how it went."""
    found = list_schedules(job_broker())
    if as_json:
        print_json({"schedules": [_plain(state) for state in found]})
        return
    out = console(wide=wide)
    out.print(schedules_table(found, narrow=narrow(out)))


@schedules.command(epilog=EXIT_CODES)
@click.argument("name")
@because
@_json
def run(name: str, reason: str, as_json: bool) -> None:
    """Queue a run of the schedule NAME at once; exit 1 if its last run is not done."""
    broker = job_broker(needs_actors=True)
    name = actor_name(broker, name)
    with _named():
        message = run_now(broker, name)
    note(
        broker,
        "run schedule",
        f"schedule={name} id={message.message_id}",
        queue=message.queue_name,
        reason=reason,
    )
    if as_json:
        print_json({"id": message.message_id, "created": True})
    else:
        click.echo(f"{name} is queued as {message.message_id}")


@schedules.command(epilog=EXIT_CODES)
@click.argument("name")
@because
@_json
def pause(name: str, reason: str, as_json: bool) -> None:
    """Let the schedule NAME send nothing until it is resumed."""
    _set(name, pause_schedule, "pause schedule", "is paused", reason, as_json)


@schedules.command(epilog=EXIT_CODES)
@click.argument("name")
@because
@_json
def resume(name: str, reason: str, as_json: bool) -> None:
    """Let the schedule NAME send again, from its next time on."""
    _set(name, resume_schedule, "resume schedule", "is resumed", reason, as_json)


def _set(
    name: str, change: Callable[[Broker, str], None], act: str, done: str, reason: str, as_json: bool
) -> None:
    broker = job_broker()
    name = actor_name(broker, name)
    before = next((state.paused for state in list_schedules(broker) if state.name == name), False)
    with _named():
        change(broker, name)
    changed = before != (change is pause_schedule)
    if changed:
        note(broker, act, f"schedule={name}", queue=broker.actors[name].queue_name, reason=reason)
    if as_json:
        print_json({"changed": changed})
    else:
        click.echo(f"{name} {done}")


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except UnknownSchedule as error:
        raise click.UsageError(str(error)) from None
    except ScheduleBusy as error:
        raise click.ClickException(str(error)) from None


def _plain(state: ScheduleState) -> dict[str, Any]:
    """A schedule in values that JSON has: moments in ISO 8601, lengths of time in seconds."""
    return {name: _value(value) for name, value in asdict(state).items()}


def _value(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.isoformat() if isinstance(value, datetime) else value
