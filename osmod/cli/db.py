"""`osmod db`: the tables and the counts in them."""

from __future__ import annotations

import sys

import click

from osmod.cli.checks.database import open_database, open_engine
from osmod.moderation.locked_tables import first_locked
from osmod.moderation.migrations import problems
from osmod.moderation.migrations import upgrade as upgrade_database
from osmod.moderation.recounting import recount as recount_all
from osmod.settings import get_settings, masked


@click.group()
def db() -> None:
    """Bring the database up to date, check it, repair its counts.

    The database is DATABASE_URL, or made from OSMod's DATABASE_HOST, _PORT, _NAME, _USER, _PASSWORD and
    _SOCKET; with none of them set, SQLite under .osmod/.
    """


@db.command()
def upgrade() -> None:
    """Create what is missing; safe to run again.

    An empty database gets all tables. A database that OSMod's own server made gets the worker's own, whose names
    begin with osmod_worker_, and nothing of OSMod's is touched.
    """
    with open_engine(get_settings(), create=True, long=True) as engine:
        done = upgrade_database(engine)
    for sentence in done or ["nothing to do"]:
        click.echo(sentence)
    click.echo(f"{masked(get_settings().database_url)} is up to date")


@db.command()
def check() -> None:
    """Say what tables lack, and whether another session has locked one; exit 1 if there is anything."""
    with open_engine(get_settings()) as engine:
        found = problems(engine)
        if locked := first_locked(engine):
            found.append(locked)
    for sentence in found:
        click.echo(sentence)
    if found:
        sys.exit(1)
    click.echo(f"{masked(get_settings().database_url)} is up to date")


@db.command()
@click.option("--dry-run", is_flag=True, help="Report what is off and change nothing.")
def recount(dry_run: bool) -> None:
    """Count the comments of every article and category again, and correct what was off.

    Safe while workers run: one article is locked at a time.
    """
    total = 0
    with open_database(get_settings(), long=True) as session:
        for correction in recount_all(session, dry_run=dry_run, counted=_progress):
            total += 1
            click.echo(
                f"{correction.table} {correction.row_id} {correction.count}: "
                f"{correction.found} -> {correction.right}"
            )
    if total == 0:
        click.echo("all counts are right")
    else:
        click.echo(
            f"{total} counts were off; " + ("nothing was changed" if dry_run else "they are corrected")
        )


def _progress(done: int, of: int) -> None:
    """A line that replaces itself, where someone watches."""
    if sys.stderr.isatty() and (done == of or done % 100 == 0):
        click.echo(f"\rcounted {done:,} of {of:,}" + ("\n" if done == of else ""), err=True, nl=False)
