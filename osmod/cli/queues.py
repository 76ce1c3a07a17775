"""`osmod queues`: how they are doing, pausing, purging and checking them, and how jobs get there."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

import click
import redis

from osmod.cli.acting import following
from osmod.cli.queue_access import (
    EXIT_CODES,
    because,
    confirm,
    counted,
    explaining,
    job_broker,
    nothing_fits,
    print_json,
    rehearsed,
    say,
)
from osmod.cli.queue_tables import queues_table
from osmod.cli.tables import console, narrow
from osmod.cli.typed import Name
from osmod.jobs import steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.presence import known_queues
from osmod.jobs.queue.scripts import ENQUEUE
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import count
from osmod.jobs.records.naming import suggested
from osmod.jobs.records.overview import queue_overview
from osmod.jobs.steering import invariants

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(epilog=EXIT_CODES)
def queues() -> None:
    """Show the queues; pause, resume, purge or check one; print the script that stores jobs."""


@queues.command("list")
@click.option("--wide", is_flag=True, help="All columns, however narrow the terminal is.")
@_json
def list_(wide: bool, as_json: bool) -> None:
    """How many jobs are where, how long the oldest has waited, what was counted so far."""
    broker = job_broker()
    found = [queue_overview(broker, name) for name in known_queues(broker)]
    if as_json:
        print_json({"queues": [one.as_dict() for one in found]})
    else:
        out = console(wide=wide)
        out.print(queues_table(found, narrow=narrow(out)))


@queues.command(epilog=EXIT_CODES)
@click.argument("name")
@because
@_json
def pause(name: str, reason: str, as_json: bool) -> None:
    """Start no more jobs of the queue NAME, in any process; running ones end, new ones are taken in."""
    broker = _of(name)
    with _perhaps(f"{name} is paused"):
        changed = steering.pause(broker, name, reason=reason)
    _said(changed, f"{name} is paused", f"{name} was paused already", as_json)


@queues.command(epilog=EXIT_CODES)
@click.argument("name")
@because
@_json
def resume(name: str, reason: str, as_json: bool) -> None:
    """Start jobs of the queue NAME again."""
    broker = _of(name)
    with _perhaps(f"{name} goes on"):
        changed = steering.resume(broker, name, reason=reason)
    _said(changed, f"{name} goes on", f"{name} was not paused", as_json)


@queues.command(epilog=EXIT_CODES)
@click.argument("name")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@explaining
@_json
def purge(name: str, yes: bool, dry_run: bool, reason: str, as_json: bool) -> None:
    """Delete all jobs of the queue NAME with their records, but those that run."""
    broker = _of(name)
    wanted = JobFilter(queue=name, states=steering.DELETABLE)
    if dry_run:
        _rehearse(broker, wanted, reason, as_json)
        return
    if not yes and (number := count(broker, wanted)):
        confirm(f"{{jobs}} of {name} would be deleted, waiting ones among them.", number)
    with following("deleted") as course:
        done = steering.purge(broker, name, reason=reason, course=course)
    if not done:
        nothing_fits(f"{name} is empty.", json={"count": 0} if as_json else None)
    say(f"{counted(done)} deleted", {"count": done}, as_json=as_json)


@queues.command(epilog=EXIT_CODES)
@click.argument("name", type=Name(), required=False)
@click.option("--repair", is_flag=True, help="Mend what is found.")
@_json
def check(name: str | None, repair: bool, as_json: bool) -> None:
    """Look for what must not be in the queue NAME, or in any: a job in two places, one in none.

    Exit code 1 if anything was found and not mended. Workers may go on meanwhile.
    """
    broker = _of(name) if name else job_broker()
    found = invariants.check(broker, repair, [name] if name else None)
    if as_json:
        print_json({"problems": [vars(finding) for finding in found], "mended": repair})
    else:
        done = "mended" if repair else "--repair"
        for one in found:
            click.echo(f"{one.queue_name}: job {one.message_id} is {one.wrong} ({done}: {one.remedy})")
        told = "mended." if repair else "nothing was changed. Mend with: osmod queues check --repair"
        click.echo(f"{counted(len(found), 'problem')}; {told}" if found else "All is in order.")
    if found and not repair:
        sys.exit(1)


@queues.command()
def script() -> None:
    """Print the Lua script that stores jobs, for programs in other languages.

    docs/moving-from-kue.md says how it is called, with an example in JavaScript. It belongs to the version that
    prints it: print it anew when the workers are brought to another.
    """
    click.echo(ENQUEUE.source.decode(), nl=False)


def _rehearse(broker: JobBroker, wanted: JobFilter, reason: str, as_json: bool) -> None:
    number = steering.rehearse(broker, "purge", wanted, steering.DELETABLE, reason=reason)
    if not number:
        nothing_fits(f"{wanted.queue} is empty.", json={"count": 0} if as_json else None)
    rehearsed(f"{counted(number)} would be deleted", number, as_json=as_json)


@contextlib.contextmanager
def _perhaps(done: str) -> Iterator[None]:
    """Where Redis was asked to act and its answer is lost, say that it may be done."""
    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError):
        click.echo(
            f"Perhaps {done} all the same: no answer came. `osmod queues list` says; asking again does no harm.",
            err=True,
        )
        raise


def _of(name: str) -> JobBroker:
    broker = job_broker()
    known = known_queues(broker)
    if name not in known:
        raise click.UsageError(f"there is no queue {name!r}; {suggested(name, known)}")
    return broker


def _said(changed: bool, done: str, not_done: str, as_json: bool) -> None:
    say(done if changed else not_done, {"changed": changed}, as_json=as_json)
