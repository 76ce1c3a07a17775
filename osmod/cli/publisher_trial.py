"""Sending a publisher's webhook a text that was typed, here and now: `osmod publishers test`."""

from __future__ import annotations

import sys

import click

from osmod.cli.checks.database import open_database
from osmod.cli.queue_access import EXIT_CODES, because, load_actors, nothing_fits, print_json
from osmod.cli.row_ids import ROW_ID
from osmod.jobs.logs.saying import on_one_line
from osmod.jobs.setup import ensure_broker
from osmod.moderation.models import now
from osmod.operating.publisher_trial import LONGEST, Trial, try_publisher
from osmod.operating.publishers import PublisherState, publisher_states
from osmod.settings import get_settings


@click.command(epilog=EXIT_CODES)
@click.argument("publisher", type=ROW_ID)
@click.argument("text")
@because
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def test(publisher: int, text: str, reason: str, as_json: bool) -> None:
    """Send PUBLISHER's webhook TEXT, here and now, and show what it answers.

    The request is signed as those with decisions are; its type is "test", and nothing but the audit log hears of it: it
    has no place among what the publisher is told, and neither disables a publisher nor has it rest. One that is
    disabled is sent it, too. Exit code 1 if it is not acknowledged.

    \b
    Example:
      osmod publishers test 5 'Hello from OSMod'
    """
    if not 0 < len(text) <= LONGEST:
        raise click.UsageError(f"TEXT has {len(text):,} characters; 1 to {LONGEST:,} are sent.")
    load_actors(needed=True)  # they register publishers
    state = _state(publisher, as_json)
    trial = try_publisher(ensure_broker(), state, text, reason=reason)
    if as_json:
        print_json(trial.as_dict())
    else:
        _show(trial)
    if trial.problem:
        sys.exit(1)


def _state(publisher: int, as_json: bool) -> PublisherState:
    with open_database(get_settings()) as session:
        known = {one.standing.owner_id: one for one in publisher_states(session, now())}
    if publisher not in known:
        nothing_fits(
            f"There is no publisher {publisher}; `osmod publishers list` shows those that there are.",
            json={} if as_json else None,
        )
    return known[publisher]


def _show(trial: Trial) -> None:
    click.secho(on_one_line(f"{trial.state.url} {trial.message_id}".strip()), bold=True)
    badge = click.style("✗", fg="red") if trial.problem else click.style("✓", fg="green")
    click.echo(f"  {badge} {on_one_line(trial.words)}")
    if trial.answer:
        click.echo(f"    {on_one_line(trial.answer[:300])}")
