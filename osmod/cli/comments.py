"""`osmod comments`: where one stands, and sending many for scoring."""

from __future__ import annotations

from typing import Any

import click
from rich.table import Table
from rich.text import Text
from sqlalchemy import select

from osmod.cli.checks.database import open_database
from osmod.cli.comment_sending import command_of
from osmod.cli.queue_access import EXIT_CODES, nothing_fits, print_json
from osmod.cli.row_ids import ROW_ID
from osmod.cli.tables import console, exact
from osmod.jobs.logs.saying import on_one_line
from osmod.moderation.models import Unscored
from osmod.moderation.progress import Progress, progress_of
from osmod.settings import get_settings


@click.group(epilog=EXIT_CODES)
def comments() -> None:
    """Show where a comment stands; send comments for scoring, many at a time.

    \b
    Examples:
      osmod comments show 12
      osmod comments send-to-scorer --all
      osmod comments rescore --category 3 --since '7 days' --dry-run
      osmod comments rescore --article 7 --yes --reason 'the new scorer'
    """


@comments.command(epilog=EXIT_CODES)
@click.argument("comment_id", metavar="ID", type=ROW_ID)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(comment_id: int, as_json: bool) -> None:
    """Show where the comment ID stands: who was asked, what it scored, what was decided. Never its text."""
    with open_database(get_settings()) as session:
        progress = progress_of(session, comment_id)
        given_up = list(session.scalars(select(Unscored).where(Unscored.comment_id == comment_id)))
    if progress is None:
        nothing_fits(f"There is no comment {comment_id}.", json={"comments": []} if as_json else None)
    if as_json:
        plain = progress.model_dump(mode="json", by_alias=True)
        print_json({"comments": [plain | {"givenUp": [_plain(one) for one in given_up]}]})
        return
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bright_black")
    grid.add_column(overflow="fold")
    for name, value in (*_facts(progress), *map(_given_up, given_up)):
        if value:
            grid.add_row(name, Text(on_one_line(value)))
    console().print(grid)
    click.echo(f"Its jobs: osmod jobs list comment_id={comment_id}", err=True)


def _facts(of: Progress) -> list[tuple[str, str]]:
    marks = {"scored": of.is_scored, "moderated": of.is_moderated, "highlighted": of.is_highlighted}
    marks |= {"deferred": of.is_deferred, "decided by a rule": of.is_auto_resolved}
    asked = [
        (f"asked {one.scorer or 'a scorer that is gone'}", _asked(exact(one.sent_at), exact(one.done_at)))
        for one in of.score_requests
    ]
    decided = [
        ("decision" if one.is_current else "earlier", f"{one.status} by {_who(one)}, {exact(one.created_at)}")
        for one in of.decisions
    ]
    return [
        ("comment", str(of.comment_id)),
        ("publisher's id", of.source_id),
        ("article", str(of.article_id or "")),
        ("in reply to", str(of.reply_id or "")),
        ("created", exact(of.created_at)),
        ("sent", exact(of.sent_for_scoring)),
        ("is", ", ".join(name for name, is_so in marks.items() if is_so) or "neither scored nor decided"),
        ("accepted", {True: "yes", False: "no", None: ""}[of.is_accepted]),
        ("open flags", str(of.unresolved_flags or "")),
        *asked,
        *((attribute, f"{score:.3f}") for attribute, score in of.summary_scores.items()),
        *decided,
    ]


def _given_up(one: Unscored) -> tuple[str, str]:
    again = f"asked again after {exact(one.again_at)}" if one.again_at else "not asked again"
    return f"scorer {one.scorer_id} given up", f"{exact(one.since)}, {again}: {one.reason}"


def _plain(one: Unscored) -> dict[str, Any]:
    again = one.again_at.isoformat() if one.again_at else None
    return {
        "scorer": one.scorer_id,
        "reason": one.reason,
        "since": one.since.isoformat(),
        "againAt": again,
    }


def _asked(sent: str, done: str) -> str:
    return f"{sent}, answered {done}" if done else f"{sent}, no answer yet"


def _who(decision: Any) -> str:
    if decision.user_id is not None:
        return f"user {decision.user_id}"
    return f"rule {decision.rule_id}" if decision.rule_id is not None else "no rule that fits"


comments.add_command(
    command_of(
        "send-to-scorer",
        scored=False,
        sentence="Send comments for scoring that have no scores yet, or not those of every scorer.\n\n"
        "Those scorers are asked that have not answered about a comment; with --anew all, who are then paid again. "
        "The heartbeat sends again what is overdue, by itself; this is for many at once, as after a new scorer is "
        "switched on. Ctrl-C stops it, and it says how to go on from there. A comment whose job still waits gets no "
        "second one, so to repeat it does no harm. They are due one after another, so that comments that come "
        "meanwhile do not wait behind them.",
    )
)
comments.add_command(
    command_of(
        "rescore",
        scored=True,
        sentence="Send comments for scoring, whether or not they have scores.\n\n"
        "As in OSMod, those that nobody has decided: no rule, no moderator; with --decided all. New scores go "
        "through the rules as the first did, so what a rule decided may be decided otherwise; a moderator's "
        "decision stays, unless WORKER_RULES_OVERRIDE_MODERATORS is on. Every active scorer is asked, and paid, again, "
        "at the pace that --share says. Ctrl-C stops it, and it says how to go on from there.",
    )
)
