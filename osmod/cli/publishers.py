"""`osmod publishers`: who is told of decisions, what each has not heard, and what can be done about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, get_args

import click
from dramatiq import Broker
from sqlalchemy import Engine

from osmod.cli.checks.database import open_database, open_engine
from osmod.cli.job_choice import Moment
from osmod.cli.publisher_tables import (
    attempts_table,
    deliveries_table,
    plain_attempt,
    plain_delivery,
    publishers_table,
)
from osmod.cli.publisher_trial import test
from osmod.cli.queue_access import (
    EXIT_CODES,
    because,
    confirm,
    counted,
    load_actors,
    nothing_fits,
    print_json,
    rehearsed,
    say,
)
from osmod.cli.row_ids import ROW_ID
from osmod.cli.tables import console, exact, narrow
from osmod.jobs.setup import ensure_broker
from osmod.moderation.models import DecisionDelivery, DeliveryState, User, now
from osmod.moderation.publishing import overview, steering
from osmod.moderation.publishing.steering import Replay
from osmod.operating.publishers import (
    disable_publisher,
    enable_publisher,
    publisher_states,
    replay_deliveries,
    tell_publishers,
)
from osmod.settings import get_settings

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_wide = click.option("--wide", is_flag=True, help="All columns, however narrow the terminal is.")
_WHICH = click.argument("publisher", type=ROW_ID, metavar="PUBLISHER")
#: When what waits now is told.
_SOON = "within a minute (sweepDeliveries), if `periodiq worker` runs"


@click.group(epilog=EXIT_CODES)
def publishers() -> None:
    """Show who is told of decisions, and have them told again.

    A publisher is a user that owns comments and has a webhook in its users.extra, or is of a group that a
    publisher is registered for (docs/publishers.md).

    \b
    Examples:
      osmod publishers list
      osmod publishers deliveries --state failed
      osmod publishers show 4711
      osmod publishers replay --publisher 5 --since '2 days'
      osmod publishers tell --publisher 5
      osmod publishers test 5 'Hello from OSMod'
      osmod publishers disable 5 --reason 'their server moves'
      osmod publishers enable 5
    """


@publishers.command("list")
@_wide
@_json
def list_(wide: bool, as_json: bool) -> None:
    """Who is told, and how many decisions each has not heard.

    \b
    on        told
    resting   attempts failed in a row: told again in some minutes at most, or when it asked to be
    disabled  by an operator, or because it answered 410: told nothing until it is enabled
    unusable  its users.extra cannot be used, and the line below says why
    """
    load_actors(needed=False)
    with open_database(get_settings()) as session:
        found = list(publisher_states(session, now()))
    if as_json:
        print_json({"publishers": [one.as_dict() for one in found]})
        return
    if not found:
        click.echo("There is no publisher: docs/publishers.md says how to make one.", err=True)
        return
    out = console(wide=wide)
    out.print(publishers_table(found, now(), narrow=narrow(out)))


@publishers.command()
@click.option("--publisher", type=ROW_ID, help="Only of this publisher.")
@click.option("--comment", type=ROW_ID, help="Only of this comment.")
@click.option("--state", type=click.Choice(get_args(DeliveryState)), help="Only in this state.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Deliveries shown.")
@_wide
@_json
def deliveries(
    publisher: int | None, comment: int | None, state: Any, limit: int, wide: bool, as_json: bool
) -> None:
    """The last decisions that publishers were to be told, the newest first."""
    with open_database(get_settings()) as session:
        found = overview.deliveries(session, owner_id=publisher, comment_id=comment, state=state, limit=limit)
    if as_json:
        print_json({"deliveries": [plain_delivery(row) for row in found]})
        return
    out = console(wide=wide)
    out.print(deliveries_table(found, now(), narrow=narrow(out)))


@publishers.command()
@click.argument("delivery", type=ROW_ID)
@_json
def show(delivery: int, as_json: bool) -> None:
    """One delivery: what is told, and what came of each attempt."""
    with open_database(get_settings()) as session:
        row = session.get(DecisionDelivery, delivery)
        attempts = overview.attempts_of(session, delivery)
    if row is None:
        nothing_fits(f"There is no delivery {delivery}.", json={} if as_json else None)
    plain = plain_delivery(row)
    if as_json:
        print_json(plain | {"data": row.data, "attempts": [plain_attempt(one) for one in attempts]})
        return
    for name, value in plain.items():
        moment = getattr(row, name, None)
        click.echo(f"{name:16} {exact(moment)[:19] if isinstance(moment, datetime) else value}")
    console().print(attempts_table(attempts))


@publishers.command()
@click.argument("ids", nargs=-1, type=ROW_ID, metavar="[DELIVERY]...")
@click.option("--publisher", type=ROW_ID, help="Only of this publisher.")
@click.option("--since", type=Moment(), metavar="WHEN", help="Decided from then on: 2026-05-01, '2 days'.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(["failed", "delivered"]),
    default=["failed"],
    show_default=True,
    help="Only in this state; may be given again.",
)
@click.option("--all", "every", is_flag=True, help="All that failed.")
@click.option("--dry-run", is_flag=True, help="Count them, and change nothing.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@because
@_json
def replay(
    ids: tuple[int, ...],
    publisher: int | None,
    since: datetime | None,
    states: tuple[DeliveryState, ...],
    every: bool,
    dry_run: bool,
    yes: bool,
    reason: str,
    as_json: bool,
) -> None:
    """Tell decisions again, with the ids that they had, for three more days.

    Of a comment only its newest decision: an older one is never told after a newer one.
    """
    if not (ids or publisher or since or every):
        raise click.UsageError("say which deliveries to replay: ids, --publisher, --since, or --all.")
    if ids and (publisher or since or every):
        raise click.UsageError("ids say which deliveries already: leave out --publisher, --since and --all.")
    wanted = Replay(ids, publisher, states, since)
    with open_database(get_settings()) as session:
        number = steering.replayable(session, wanted)
    if not number:
        nothing_fits(
            f"No delivery fits that one can replay ({', '.join(('failed', 'delivered') if ids else states)}, and the "
            "newest of its comment).",
            json={"count": 0} if as_json else None,
        )
    said = counted(number, "delivery", "deliveries")
    if dry_run:
        rehearsed(f"{said} would be told again", number, as_json=as_json)
        return
    if not ids and not yes:
        confirm(f"{said} would be told again.", number)
    with _operating() as (engine, queues):
        done = replay_deliveries(engine, queues, wanted, reason=reason)
    say(f"{counted(done, 'delivery', 'deliveries')} told again {_SOON}", {"count": done}, as_json=as_json)


@publishers.command()
@click.option("--publisher", type=ROW_ID, help="Only this publisher.")
@because
@_json
def tell(publisher: int | None, reason: str, as_json: bool) -> None:
    """Tell what waits now, and not when its pause is over: for when a publisher is known to be back.

    It may be told in vain once more; how long it is tried in all stays as it was.
    """
    if publisher is not None:
        _known(publisher, as_json=as_json)
    with _operating() as (engine, queues):
        due = tell_publishers(engine, queues, publisher, reason=reason)
    if not due:
        nothing_fits(
            "No decision waits for a publisher that is told.", json={"count": 0} if as_json else None
        )
    say(f"{counted(due, 'decision')} told, beginning {_SOON}", {"count": due}, as_json=as_json)


@publishers.command()
@_WHICH
@because
@_json
def disable(publisher: int, reason: str, as_json: bool) -> None:
    """Tell a publisher nothing from now on. What is decided meanwhile is held for it."""
    _known(publisher, as_json=as_json)
    with _operating() as (engine, queues):
        done = disable_publisher(engine, queues, publisher, reason=reason)
    if not done:
        nothing_fits(f"Publisher {publisher} is disabled already.", json={"count": 0} if as_json else None)
    held = f"publisher {publisher} is told nothing more; what is decided is held for it"
    say(held, {"count": 1}, as_json=as_json)


@publishers.command()
@_WHICH
@because
@_json
def enable(publisher: int, reason: str, as_json: bool) -> None:
    """Tell a publisher again, what was held for it first."""
    _known(publisher, as_json=as_json)
    with _operating() as (engine, queues):
        held = enable_publisher(engine, queues, publisher, reason=reason)
    if held is None:
        nothing_fits(f"Publisher {publisher} is not disabled.", json={"count": 0} if as_json else None)
    sentence = f"publisher {publisher} is told again; {counted(held, 'decision')} held for it {_SOON}"
    say(sentence, {"count": 1, "held": held}, as_json=as_json)


publishers.add_command(test)


@contextmanager
def _operating() -> Iterator[tuple[Engine, Broker]]:
    """The database, and whose audit log acts are written down in."""
    load_actors(needed=True)
    with open_engine(get_settings(), long=True) as engine:
        yield engine, ensure_broker()


def _known(publisher: int, *, as_json: bool) -> None:
    load_actors(needed=True)  # they register publishers
    with open_database(get_settings()) as session:
        known = {one.owner_id for one in overview.publishers(session)}
        user = session.get(User, publisher)
    if publisher not in known:
        who = f"User {publisher} ({user.name}) is no publisher" if user else f"There is no user {publisher}"
        nothing_fits(
            f"{who}; `osmod publishers list` shows the publishers.", json={"count": 0} if as_json else None
        )
