"""`osmod scorers`: who scores, how each is doing, trying one, and putting one in the place of another."""

from __future__ import annotations

import click

from osmod.cli.checks.database import open_database
from osmod.cli.compare_applying import restore_rules
from osmod.cli.queue_access import EXIT_CODES, because, job_broker, nothing_fits, print_json, say
from osmod.cli.row_ids import ROW_ID
from osmod.cli.scorer_gates import looked_at, reopen, wake
from osmod.cli.scorer_setup import add, configure, disable, enable
from osmod.cli.scorer_tables import scorers_table
from osmod.cli.scorer_trial import test
from osmod.cli.scorers_compare import compare
from osmod.cli.tables import console, narrow
from osmod.operating.scorers import resumed, scorer_states, with_gates
from osmod.settings import get_settings


@click.group(epilog=EXIT_CODES)
def scorers() -> None:
    """Show the scorers, make and try them, have one asked again; move from one to another.

    A scorer is a user of the group `moderator`; where and how it is asked stands in its users.extra
    (docs/scorers.md). Every scorer that is on is asked about every comment.

    \b
    Examples:
      osmod scorers list
      osmod scorers add OpenAI --extra openai.json --key
      osmod scorers test 'You are an idiot' --scorer 7
      osmod scorers enable 9
      osmod scorers resume 7 --reason 'the key is paid for again'
      osmod scorers compare 7 9
    """


@scorers.command("list")
@click.option("--wide", is_flag=True, help="All columns, however narrow the terminal is.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(wide: bool, as_json: bool) -> None:
    """Who scores: where each is asked, how much it may be, and how that goes, over all processes.

    \b
    on         asked about every comment
    paused     it asked to be left alone for a while (429)
    open       it is away: nothing is sent to it until it has been tried again
    half-open  one request at a time finds out whether it is back
    refused    it does not take the key: tried every ten minutes, or at once by `osmod scorers resume`
    unusable   its users.extra cannot be used, and the line below says why
    off        users.isActive is off: asked about none

    Comments whose scorer is not asked wait, and are never published by default.
    """
    with open_database(get_settings()) as session:
        states = list(scorer_states(session))
    found = looked_at(states)
    if as_json:
        print_json({"scorers": [one.as_dict() for one in found]})
        return
    if not found:
        click.echo(
            "There is no scorer: `osmod scorers add` makes one, docs/scorers.md says of what.", err=True
        )
        return
    out = console(wide=wide)
    out.print(scorers_table(found, narrow=narrow(out)))


@scorers.command(epilog=EXIT_CODES)
@click.argument("scorer_id", metavar="ID", type=ROW_ID)
@because
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def resume(scorer_id: int, reason: str, as_json: bool) -> None:
    """Have the scorer ID asked again at once, though it was away, refused its key, or asked for a pause.

    Comments that wait for it, perhaps for minutes, have their turn at once. Its limits go on counting. If it still
    fails, it is left alone again after a few requests. `osmod scorers test` does the same for a scorer that answers.
    """
    with open_database(get_settings()) as session:
        state = next((one for one in scorer_states(session) if one.id == scorer_id), None)
    if state is None:
        nothing_fits(f"There is no scorer {scorer_id}.", json={"changed": False} if as_json else None)
    (state,) = with_gates(job_broker(), [state])
    woken = (reopen if state.is_held_up else wake)(scorer_id, reason=reason)
    say(
        f"{state.name} (scorer {scorer_id}) {resumed(state, woken)}",
        {"changed": state.is_held_up, "woken": woken},
        as_json=as_json,
    )


for made in (add, configure, enable, disable):
    scorers.add_command(made)
scorers.add_command(test)
scorers.add_command(compare)
scorers.add_command(restore_rules)
