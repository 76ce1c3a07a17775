"""Asking scorers here and now about a text that was typed: `osmod scorers test`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click
from rich.padding import Padding

from osmod.cli.checks.database import open_database
from osmod.cli.queue_access import EXIT_CODES, nothing_fits, print_json
from osmod.cli.row_ids import ROW_ID
from osmod.cli.scorer_gates import looked_at, reopen
from osmod.cli.scorer_tables import answer_table
from osmod.cli.tables import console
from osmod.jobs.logs.saying import on_one_line
from osmod.moderation.plain_text import strip_tags
from osmod.operating.scorers import ScorerState, scorer_states
from osmod.operating.trial import Trial, ask, question
from osmod.settings import get_settings


@click.command(epilog=EXIT_CODES)
@click.argument("text")
@click.option("--scorer", "scorer_id", type=ROW_ID, metavar="ID", help="This one, even if it is off.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def test(text: str, scorer_id: int | None, as_json: bool) -> None:
    """Ask the scorers that are on about TEXT, here and now, and show what they answer.

    What is asked is the real thing, at its real price: one request each, past the queue and past the limits. No
    comment, score or decision is changed. A scorer that was away, or refused its key, and answers now is asked again
    by the workers at once. Exit code 1 if one has no answer.

    \b
    Examples:
      osmod scorers test 'You are an idiot'
      osmod scorers test 'Well said' --scorer 7 --json
    """
    if not text.strip():
        raise click.UsageError("TEXT is empty; give a text to be scored.")
    chosen = _chosen(scorer_id, as_json)
    trials = []
    for trial in _trials(chosen, text, quiet=as_json):
        trials.append(trial)
        if not as_json:
            _show(trial, strip_tags(text))
    if as_json:
        print_json({"trials": [trial.as_dict() for trial in trials]})
    if any(trial.problem for trial in trials):
        sys.exit(1)


def _chosen(scorer_id: int | None, as_json: bool) -> list[ScorerState]:
    with open_database(get_settings()) as session:
        states = list(scorer_states(session))
    chosen = [one for one in states if (one.id == scorer_id if scorer_id else one.is_active)]
    if not chosen:
        missing = f"There is no scorer {scorer_id}" if scorer_id else "No scorer is on"
        nothing_fits(
            f"{missing}: `osmod scorers list` shows those that there are.",
            json={"trials": []} if as_json else None,
        )
    return looked_at(chosen)


def _trials(chosen: list[ScorerState], text: str, *, quiet: bool) -> Iterator[Trial]:
    asked = question(text)
    for state in chosen:
        if not quiet:
            click.secho(f"{state.name} (scorer {state.id})", bold=True)
            where = f"{state.type} at {state.endpoint}" if state.endpoint else state.type or "no endpointType"
            click.echo(f"  {where}{f', {state.limited}' if state.limited else ''}")
        yield ask(state, asked, _reopen)


def _reopen(scorer_id: int) -> None:
    reopen(scorer_id, reason="it answered a test")


def _show(trial: Trial, text: str) -> None:
    if trial.reopened:
        click.echo("  · it was held up, and is asked again by the workers from now on")
    took = f"{trial.seconds * 1000:,.0f} ms"
    if trial.problem:
        click.echo(f"  {click.style('✗', fg='red')} {on_one_line(trial.problem)}")
        if trial.error is not None and trial.error.body:
            click.echo(f"    {on_one_line(trial.error.body[:300])}")
        return
    if trial.scored is None:
        click.echo(f"  · taken in {took}; it answers later, by a callback, which is not waited for here")
        return
    click.echo(f"  {click.style('✓', fg='green')} answered in {took}")
    if truncated := trial.scored.score_data.get("extra", {}).get("truncated"):
        click.echo(f"  ! it took {truncated['bytes']:,} bytes of {truncated['of']:,}")
    console().print(Padding(answer_table(text, trial.scored.score_data), (0, 0, 0, 4), expand=False))
