"""`osmod enqueue`: queue a job by hand."""

from __future__ import annotations

import sys
from typing import Any

import click

from osmod.cli.queue_access import EXIT_CODES, because, job_broker, print_json
from osmod.cli.typed import named_values
from osmod.jobs.by_hand import UnknownActor, enqueue_by_hand
from osmod.jobs.durations import parse_duration
from osmod.jobs.errors import InvalidOption, UnknownOption
from osmod.jobs.records.typed import value_of
from osmod.moderation.errors import BadPayload


@click.command(epilog=EXIT_CODES)
@click.argument("actor_name", metavar="ACTOR")
@click.argument("arguments", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--priority", metavar="PRIORITY", help="critical high medium normal low, or a number.")
@click.option("--delay", metavar="TIME", help="Not before so long from now: '90 seconds'.")
@click.option("--attempts", type=click.IntRange(1), help="How often it is tried in all.")
@click.option("--unique", metavar="KEY", help="Only if no job with this key waits, is delayed or runs.")
@because
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def enqueue(actor_name: str, arguments: tuple[str, ...], reason: str, as_json: bool, **given: Any) -> None:
    """Queue a job of ACTOR and print its id.

    Values are read as JSON, and as text where they are none. The arguments are checked before anything is
    queued.

    \b
    Examples:
      osmod enqueue acceptComments comment_id=12 user_id=3
      osmod enqueue heartbeat
      osmod enqueue sendCommentForScoring comment_id=12 --delay '5 minutes' --priority low
    """
    broker = job_broker(needs_actors=True)
    values = {name: value_of(value) for name, value in named_values(arguments).items()}
    options = {name: value for name, value in given.items() if value is not None}
    if "delay" in options:
        options["delay"] = _delay(options["delay"])
    if "priority" in options:
        options["priority"] = value_of(options["priority"])
    try:
        sent = enqueue_by_hand(broker, actor_name, values, options, reason=reason)
    except (UnknownActor, UnknownOption, InvalidOption, BadPayload, TypeError, ValueError) as error:
        raise click.UsageError(str(error)) from None
    if as_json:
        print_json({"id": sent.message_id, "created": sent.created})
    elif sent.created:
        click.echo(sent.message_id)
    else:
        click.echo(f"{sent.message_id} has the key already; nothing was queued.", err=True)
        sys.stdout.write(f"{sent.message_id}\n")


def _delay(text: str) -> Any:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.UsageError(f"--delay: {error}") from None
