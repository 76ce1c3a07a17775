"""`osmod kue`: jobs that Node programs queue with Kue."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import click
from dramatiq import Broker

from osmod.cli.durations import Duration
from osmod.cli.kue_queue import open_kue, types_here
from osmod.cli.kue_tables import kinds_table, sentences
from osmod.cli.queue_access import (
    EXIT_CODES,
    confirm,
    counted,
    explaining,
    job_broker,
    nothing_fits,
    print_json,
    rehearsed,
    say,
)
from osmod.cli.stopping import stopping_in_order
from osmod.cli.tables import console, narrow
from osmod.cli.typed import Name
from osmod.kue import handing_over
from osmod.kue.bridge import Bridge
from osmod.kue.status import abandoned, read_status, waiting

Command = Callable[..., Any]

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_prefix = click.option(
    "--prefix", metavar="TEXT", help="What Kue's keys begin with (default: KUE_PREFIX, or q)."
)
_yes = click.option("--yes", "-y", is_flag=True, help="Do not ask.")


def _types(meaning: str, *, required: bool = False) -> Callable[[Command], Command]:
    """The option `--type`."""
    return click.option(
        "--type", "types", multiple=True, type=Name(), metavar="TYPE", required=required, help=meaning
    )


@click.group(epilog=EXIT_CODES)
def kue() -> None:
    """Take over what Node programs queue with Kue (docs/moving-from-kue.md).

    Kue's queue is looked for at KUE_URL, and without it at REDIS_URL.

    \b
    Examples:
      osmod kue status
      osmod kue run
      osmod kue run --type acceptComments --type rejectComments
      osmod kue run --finish
      osmod kue rescue --silent '1 hour'
      osmod kue drain --type acceptComments
    """


@kue.command(epilog=EXIT_CODES)
@_types("Take jobs of this type; several may be named. Default: of every type that has an actor here.")
@click.option("--finish", is_flag=True, help="Take nothing; tell how all ends that was taken, and end then.")
@_prefix
def run(types: tuple[str, ...], finish: bool, prefix: str | None) -> None:
    """Take jobs that wait in Kue's queue, and tell Kue what becomes of them, until stopped.

    Workers run them. Any number of these may run beside each other, and beside workers of Kue's. Exit code 0 by
    Ctrl-C or SIGTERM, too: what was begun is gone on with by whoever runs next.
    """
    broker = job_broker(needs_actors=True)
    _check(broker, types)
    with stopping_in_order(), open_kue(prefix) as queue:
        bridge = Bridge(broker, queue, types or None, finish=finish)
        try:
            with suppress(KeyboardInterrupt):
                if finish:
                    click.echo(f"Telling Kue's queue {queue.prefix!r} of what was taken; Ctrl-C ends it.")
                else:
                    number = counted(len(types or broker.actors), "type")
                    click.echo(f"Taking jobs of {number} from Kue's queue {queue.prefix!r}; Ctrl-C ends it.")
                bridge.start()
                bridge.wait()
        finally:
            bridge.stop()
            click.echo(f"{counted(bridge.taken)} taken.", err=True)


@kue.command(epilog=EXIT_CODES)
@_types("Take jobs of this type; several may be named.", required=True)
@_yes
@explaining
@_prefix
@_json
def drain(
    types: tuple[str, ...], yes: bool, dry_run: bool, reason: str, prefix: str | None, as_json: bool
) -> None:
    """Take all jobs of some types that wait in Kue's queue now, however many, and end. Delayed ones stay.

    Workers run them. Kue is told what becomes of them by `osmod kue run`, or `osmod kue run --finish`. Have one of
    the two run as they end: while none does, records are kept of the last 20,000, and of others Kue is told that their
    end is not known.
    """
    broker = job_broker(needs_actors=True)
    _check(broker, types)
    with open_kue(prefix) as queue:
        number = waiting(queue, types)
        _ask(number, "{jobs} would be taken over from Kue", yes=yes, dry_run=dry_run, as_json=as_json)
        done = handing_over.drain(broker, queue, types, reason=reason)
    told = "`osmod kue run --finish`, from now on, tells Kue what becomes of them"
    say(f"{counted(done)} taken over; {told}", {"count": done}, as_json=as_json)


@kue.command(epilog=EXIT_CODES)
@_types("Take over jobs of this type; several may be named. Default: of every type that has an actor here.")
@click.option(
    "--silent",
    type=Duration(),
    default="1h",
    show_default=True,
    help="Those of which nothing was said for so long: no start, no progress, no line in their log.",
)
@_yes
@explaining
@_prefix
@_json
def rescue(
    types: tuple[str, ...],
    silent: timedelta,
    yes: bool,
    dry_run: bool,
    reason: str,
    prefix: str | None,
    as_json: bool,
) -> None:
    """Take over jobs that Node workers began and that nobody runs any more, as their process is dead.

    Whether it is cannot be seen in Kue's queue: a job of a process that lives would run twice.
    """
    broker = job_broker(needs_actors=True)
    _check(broker, types)
    with open_kue(prefix) as queue:
        chosen = types or tuple(broker.actors)
        number = abandoned(queue, chosen, silent)
        sentence = "{jobs} of Node workers would be taken over, and run twice if their processes live"
        _ask(number, sentence, yes=yes, dry_run=dry_run, as_json=as_json)
        done = handing_over.rescue(broker, queue, chosen, silent=silent, reason=reason)
    say(f"{counted(done)} taken over", {"count": done}, as_json=as_json)


@kue.command()
@_prefix
@click.option("--wide", is_flag=True, help="All columns, however narrow the terminal is.")
@_json
def status(prefix: str | None, wide: bool, as_json: bool) -> None:
    """What waits in Kue's queue and what runs, by type; which types have an actor here; what is stuck or repeats.

    Nothing is changed.
    """
    broker = job_broker(needs_actors=True)
    with open_kue(prefix) as queue:
        found = read_status(queue, types_here(broker))
    if as_json:
        print_json({"prefix": queue.prefix, **found.as_dict()})
        return
    if found.kinds:
        out = console(wide=wide)
        out.print(kinds_table(found.kinds, narrow=narrow(out)))
    else:
        click.echo(
            f"Nothing was ever queued there: no key {queue.types}. KUE_URL and --prefix say where to look."
        )
    for sentence in sentences(found):
        click.echo(sentence)


def _check(broker: Broker, types: tuple[str, ...]) -> None:
    """Refuse types that have no actor here."""
    try:
        handing_over.check_types(broker, types)
    except handing_over.UnknownType as error:
        raise click.UsageError(str(error)) from None


def _ask(number: int, sentence: str, *, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Say how many jobs are meant, and end the command if there are none or nobody wants it."""
    if not number:
        nothing_fits("There are no such jobs in Kue's queue.", json={"count": 0} if as_json else None)
    if dry_run:
        rehearsed(sentence.format(jobs=counted(number)), number, as_json=as_json)
        sys.exit(0)
    if not yes:
        confirm(f"{sentence}.", number)
    elif not as_json:
        click.echo(f"{counted(number)} to be taken over.")
