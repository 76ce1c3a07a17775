"""Asking scorers here and now about a text that was typed: `osmod scorers test`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click
from rich.padding import Padding

from osmod.cli.checks.database import open_database
from osmod.cli.queue_access import EXIT_CODES, nothing_fits, print_json
from osmod.cli.row_ids import ROW_ID
from osmod.cli.scorer_gates import looked_at, reopen
from osmod.cli.scorer_states import ScorerState, scorer_states
from osmod.cli.scorer_tables import answer_table, limited
from osmod.cli.tables import console
from osmod.jobs.logs.saying import on_one_line
from osmod.moderation.plain_text import strip_tags
from osmod.moderation.questions import Text
from osmod.outgoing.loop import run
from osmod.scorers import (
    BadAnswer,
    KeyRefused,
    Question,
    Scored,
    ScorerAway,
    ScorerError,
    Throttled,
    Unscorable,
)
from osmod.settings import get_settings
from osmod.task.showing import question_of

#: What to do about each kind of error.
_REMEDIES: dict[type[ScorerError], str] = {
    KeyRefused: "Put a key that counts into apiKey in users.extra of user {id}, then test again.",
    Throttled: "Wait and test again; if it comes back, lower `limits` in users.extra of user {id}.",
    Unscorable: "Try another text: this one it will not score. Of all texts? Then its config asks for what it lacks.",
    ScorerAway: "See whether it is up, and whether this machine reaches its URL.",
    BadAnswer: "See whether endpointType and endpoint in users.extra of user {id} fit what answers there.",
}


@dataclass(frozen=True)
class Trial:
    """What came of asking one scorer.

    Attributes:
      scored: None after an error, or where the answer comes later.
      reopened: whether it was held up before, and is asked again by all processes since.
    """

    state: ScorerState
    seconds: float
    scored: Scored | None = None
    reopened: bool = False
    error: ScorerError | None = None

    @property
    def problem(self) -> str:
        """Why there is no answer, and what to do; empty if it went well."""
        if self.error is None:
            return self.state.problem
        remedy = next((said for kind, said in _REMEDIES.items() if isinstance(self.error, kind)), "")
        return f"{self.error}. {remedy.format(id=self.state.id)}".rstrip()

    def as_dict(self) -> dict[str, Any]:
        """In values that JSON has."""
        return {
            "scorer": self.state.as_dict(),
            "seconds": round(self.seconds, 3),
            "answer": self.scored.score_data if self.scored else None,
            "later": not self.problem and self.scored is None,
            "error": type(self.error).__name__ if self.error else "BadScorerConfig" if self.problem else None,
            "problem": self.problem,
            "reopened": self.reopened,
        }


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
    question = question_of(0, Text(0, text), None, None)
    for state in chosen:
        if not quiet:
            click.secho(f"{state.name} (scorer {state.id})", bold=True)
            where = f"{state.type} at {state.endpoint}" if state.endpoint else state.type or "no endpointType"
            limits = limited(state.limits)
            click.echo(f"  {where}{f', {limits}' if limits else ''}")
        yield _ask(state, question)


def _ask(state: ScorerState, question: Question) -> Trial:
    if state.scorer is None:
        return Trial(state, 0.0)
    began = time.monotonic()
    try:
        scored = run(state.scorer.score(question))
    except ScorerError as error:
        return Trial(state, time.monotonic() - began, error=error)
    seconds = time.monotonic() - began
    if state.is_held_up:
        reopen(state.id, reason="it answered a test")
    return Trial(state, seconds, scored, reopened=state.is_held_up)


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
