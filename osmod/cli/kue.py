"""`osmod kue`: jobs that Node programs queue with Kue."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
import redis
from dramatiq import Broker

from osmod.cli.errors import redis_sentence
from osmod.cli.kue_tables import kinds_table, sentences
from osmod.cli.queue_access import EXIT_CODES, job_broker, print_json
from osmod.cli.stopping import stopping_in_order
from osmod.cli.tables import console, narrow
from osmod.kue.bridge import Bridge
from osmod.kue.keys import KueQueue
from osmod.kue.status import read_status
from osmod.settings import get_settings

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_prefix = click.option(
    "--prefix", metavar="TEXT", help="What Kue's keys begin with (default: KUE_PREFIX, or q)."
)


@click.group(epilog=EXIT_CODES)
def kue() -> None:
    """Take over what Node programs queue with Kue (docs/moving-from-kue.md).

    Kue's queue is looked for at KUE_URL, and without it at REDIS_URL.

    \b
    Examples:
      osmod kue status
      osmod kue run
    """


@kue.command(epilog=EXIT_CODES)
@_prefix
def run(prefix: str | None) -> None:
    """Take jobs of every type that has an actor here, and tell Kue what becomes of them, until stopped.

    Workers run them. Any number of these may run beside each other, and beside workers of Kue's.
    """
    broker = job_broker(needs_actors=True)
    with _queue(prefix) as queue, stopping_in_order():
        bridge = Bridge(broker, queue)
        bridge.start()
        click.echo(
            f"Taking jobs of {len(broker.actors)} types from Kue's queue {queue.prefix!r}; Ctrl-C ends it."
        )
        try:
            bridge.wait()
        finally:
            bridge.stop()
            click.echo(f"Took {bridge.taken:,} jobs.", err=True)


@kue.command()
@_prefix
@click.option("--wide", is_flag=True, help="All columns, however narrow the terminal is.")
@_json
def status(prefix: str | None, wide: bool, as_json: bool) -> None:
    """What waits in Kue's queue and what runs, by type; which types have an actor here; what is stuck or repeats.

    Nothing is changed.
    """
    broker = job_broker(needs_actors=True)
    with _queue(prefix) as queue:
        found = read_status(queue, _actors(broker))
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


@contextmanager
def _queue(prefix: str | None) -> Iterator[KueQueue]:
    """Kue's queue, for the length of a `with`."""
    settings = get_settings()
    try:
        queue = KueQueue.at(settings.kue_url, prefix if prefix is not None else settings.kue_prefix)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    try:
        yield queue
    except redis.RedisError as error:
        sentence = redis_sentence(error, settings.kue_url)
        if settings.kue_url != settings.redis_url:
            sentence = sentence.replace("REDIS_URL", "KUE_URL")
        raise click.ClickException(sentence) from error
    finally:
        queue.close()


def _actors(broker: Broker) -> dict[str, str]:
    """What runs here: the names of actors, each with the words of its schedule, '' where it has none."""
    schedules: dict[str, Any] = {name: actor.options.get("periodic") for name, actor in broker.actors.items()}
    return {name: schedule.words if schedule else "" for name, schedule in schedules.items()}
