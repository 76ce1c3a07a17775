"""`osmod scorers compare`: whether a new scorer can take an old one's place, and what the rules must be then."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Engine, select

from osmod.cli.checks.database import open_engine
from osmod.cli.compare_applying import apply_ranges, as_they_were
from osmod.cli.compare_asking import ask
from osmod.cli.compare_tables import show
from osmod.cli.job_choice import Moment
from osmod.cli.queue_access import EXIT_CODES, nothing_fits, print_json
from osmod.cli.row_ids import ROW_ID
from osmod.cli.tables import console
from osmod.comparing.answers import Answers, OtherAnswers
from osmod.comparing.population import Wanted, choose
from osmod.comparing.report import Report, make_report
from osmod.comparing.rules import KEEPS, Keep
from osmod.comparing.sample import Sample, read
from osmod.moderation.attributes import folded
from osmod.moderation.database import open_session
from osmod.moderation.models import User
from osmod.scorers import BadScorerConfig, Scorer, scorer_for
from osmod.settings import get_settings


class Renamed(click.ParamType[tuple[str, str]]):
    """`OLD=NEW`: an attribute of the old scorer and what the new one calls it."""

    name = "renamed"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Both names. Fails the command, exit code 2, on a text without both."""
        old, _, new = value.partition("=")
        if not old.strip() or not new.strip() or "=" in new:
            self.fail(f"{value!r} is not of the form OLD=NEW, such as TOXICITY=toxic.", param, ctx)
        return old.strip(), new.strip()


@click.command(epilog=EXIT_CODES)
@click.argument("old", type=ROW_ID, metavar="OLD")
@click.argument("new", type=ROW_ID, metavar="NEW")
@click.option(
    "--sample", type=click.IntRange(1), default=1000, show_default=True, help="At most so many comments."
)
@click.option(
    "--since", type=Moment(), metavar="WHEN", help="Comments that came since: 2026-05-01, '90 days'."
)
@click.option("--category", type=ROW_ID, metavar="ID", help="Comments in this category.")
@click.option(
    "--map",
    "renamed",
    type=Renamed(),
    multiple=True,
    metavar="OLD=NEW",
    help="TOXICITY=toxic, if names differ.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another one draws other comments.")
@click.option("--no-ask", is_flag=True, help="Go by the answers that are kept; ask nothing.")
@click.option("--anew", is_flag=True, help="Forget the answers that are kept, and ask again.")
@click.option(
    "--keep", type=click.Choice(KEEPS), default="precision", show_default=True, help="What --apply keeps."
)
@click.option("--apply", "apply", is_flag=True, help="Give the rules the ranges found, after a question.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask whether to go on.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def compare(
    old: int,
    new: int,
    sample: int,
    since: datetime | None,
    category: int | None,
    renamed: tuple[tuple[str, str], ...],
    seed: int,
    no_ask: bool,
    anew: bool,
    keep: Keep,
    apply: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Ask the scorer NEW about comments that the scorer OLD scored, and show what a move would change.

    Both are ids, as `osmod scorers list` shows them; NEW is best switched off until the move. A comment counts where
    OLD gave it a score and it is decided. Of each kind (accepted and rejected by moderators, decided by rules) as many
    are drawn, and figures are weighted back. Answers are kept under .osmod/ as they come: Ctrl-C does no harm, and the
    same command goes on. Nothing is written to the database without --apply. docs/moving-from-perspective.md shows the
    whole way.

    \b
    Examples:
      osmod scorers compare 7 9
      osmod scorers compare 7 9 --since '90 days' --sample 3000 --map TOXICITY=toxic
      osmod scorers compare 7 9 --no-ask --apply --keep share
    """
    if apply and category is not None:
        raise click.UsageError(
            "--apply is for all categories: rules without one apply everywhere. Leave --category out."
        )
    with open_engine(get_settings(), long=True) as engine:
        user, scorer = _scorers(engine, old, new)
        chosen = choose(engine, Wanted(old, sample, seed, since, category))
        if not chosen.all_ids():
            nothing_fits(
                f"There is no comment that scorer {old} scored and that is decided.",
                json={"compared": 0} if as_json else None,
            )
        _check_names(found := read(engine, chosen, old), old, renamed)
        answers = _answers(get_settings().home / f"compare-{old}-{new}.jsonl", user, anew=anew)
        if not no_ask:
            ask(engine, user, scorer, chosen, answers, yes=yes)
        if not any(comment_id in answers.scores for comment_id in chosen.all_ids()):
            raise click.ClickException(_nothing_compared(len(chosen.all_ids()), new, no_ask=no_ask))
        way_back = get_settings().home / f"rules-{old}-{new}.json"
        before = as_they_were(found, way_back)
        report = make_report(replace(found, rules=before), answers.scores, dict(renamed))
        _print(report, answers, as_json)
        if apply:
            apply_ranges(
                engine, report, keep, way_back, new_id=new, old_id=old, is_done=before != found.rules, yes=yes
            )


def _scorers(engine: Engine, old: int, new: int) -> tuple[User, Scorer]:
    """The new scorer, once it is certain that both are there and it can be asked."""
    if old == new:
        raise click.UsageError("OLD and NEW are the same scorer.")
    with open_session(engine) as session:
        query = select(User).where(User.id.in_((old, new)), User.group == "moderator")
        users = {user.id: user for user in session.scalars(query)}
    for user_id in (old, new):
        if user_id not in users:
            raise click.ClickException(f"there is no scorer {user_id}: `osmod scorers list` shows all.")
    try:
        return users[new], scorer_for(new, users[new].extra)
    except BadScorerConfig as error:
        raise click.ClickException(f"{error}.") from None


def _check_names(found: Sample, old: int, renamed: tuple[tuple[str, str], ...]) -> None:
    known = found.old_names()
    for name, other in renamed:
        if folded(name) not in map(folded, known):
            raise click.UsageError(
                f"--map {name}={other}: scorer {old} gave no {name}; it gave {', '.join(known)}."
            )


def _nothing_compared(drawn: int, new: int, *, no_ask: bool) -> str:
    remedy = "leave --no-ask out, so that it is asked" if no_ask else "why is said above"
    return f"of the {drawn:,} comments drawn scorer {new} has answered about none; {remedy}."


def _answers(path: Path, user: User, *, anew: bool) -> Answers:
    if anew:
        path.unlink(missing_ok=True)
    try:
        return Answers(path, user.id, user.extra)
    except OtherAnswers as error:
        raise click.ClickException(f"{error}.") from None


def _print(report: Report, answers: Answers, as_json: bool) -> None:
    drawn = set(report.sample.chosen.all_ids())
    unscorable = len(drawn & answers.unscorable)
    missing = len(drawn) - unscorable - report.compared
    if as_json:
        print_json({**report.as_dict(), "unscorable": unscorable, "unanswered": missing})
        return
    show(report, console())
    for count, what in ((unscorable, "the new scorer cannot score"), (missing, "it has not answered about")):
        if count:
            click.echo(f"{count:,} of the {len(drawn):,} comments drawn {what}.")
