"""`osmod scorers`: who scores, how each is doing, and trying one."""

from __future__ import annotations

import click

from osmod.cli.checks.database import open_engine
from osmod.cli.queue_access import EXIT_CODES, print_json
from osmod.cli.scorer_states import scorer_states
from osmod.cli.scorer_tables import scorers_table
from osmod.cli.scorer_trial import test
from osmod.cli.tables import console, narrow
from osmod.moderation.database import open_session
from osmod.settings import get_settings


@click.group(epilog=EXIT_CODES)
def scorers() -> None:
    """Show the scorers, and try them.

    A scorer is a user of the group `moderator`; where and how it is asked stands in its users.extra
    (docs/scorers.md). Every scorer that is on is asked about every comment.

    \b
    Examples:
      osmod scorers list
      osmod scorers test 'You are an idiot' --scorer 7
    """


@scorers.command("list")
@click.option("--wide", is_flag=True, help="All columns, however narrow the terminal is.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(wide: bool, as_json: bool) -> None:
    """Who scores: where each is asked, how much it may be, and whether it can be.

    \b
    on        asked about every comment
    off       users.isActive is off: asked about none
    unusable  its users.extra cannot be used, and the line below says why
    """
    with open_engine(get_settings()) as engine, open_session(engine) as session:
        found = list(scorer_states(session))
    if as_json:
        print_json({"scorers": [one.as_dict() for one in found]})
        return
    if not found:
        click.echo("There is no scorer: docs/scorers.md says how to make one.", err=True)
        return
    out = console(wide=wide)
    out.print(scorers_table(found, narrow=narrow(out)))


scorers.add_command(test)
