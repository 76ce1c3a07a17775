"""`osmod schedules`: what runs when, how it went, and running, pausing or resuming one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from osmod.cli.queue_access import EXIT_CODES, because, job_broker, print_json, say
from osmod.cli.schedule_tables import schedules_table
from osmod.cli.tables import console, narrow
from osmod.jobs.by_hand import pause_schedule, resume_schedule, run_schedule
from osmod.jobs.records.naming import actor_name
from osmod.jobs.schedules import ScheduleBusy, UnknownSchedule, list_schedules

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
        print_json({"schedules": [state.as_dict() for state in found]})
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
        message = run_schedule(broker, name, reason=reason)
    say(
        f"{name} is queued as {message.message_id}",
        {"id": message.message_id, "created": True},
        as_json=as_json,
    )


@schedules.command(epilog=EXIT_CODES)
@click.argument("name")
@because
@_json
def pause(name: str, reason: str, as_json: bool) -> None:
    """Let the schedule NAME send nothing until it is resumed."""
    _set(name, pause_schedule, "is paused", reason, as_json)


@schedules.command(epilog=EXIT_CODES)
@click.argument("name")
@because
@_json
def resume(name: str, reason: str, as_json: bool) -> None:
    """Let the schedule NAME send again, from its next time on."""
    _set(name, resume_schedule, "is resumed", reason, as_json)


def _set(name: str, change: Callable[..., bool], done: str, reason: str, as_json: bool) -> None:
    broker = job_broker()
    name = actor_name(broker, name)
    with _named():
        changed = change(broker, name, reason=reason)
    say(f"{name} {done}", {"changed": changed}, as_json=as_json)


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except UnknownSchedule as error:
        raise click.UsageError(str(error)) from None
    except ScheduleBusy as error:
        raise click.ClickException(str(error)) from None
