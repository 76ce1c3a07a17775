"""How a command is told which comments: an article, a category, since when, or all."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from osmod.cli.job_choice import Moment
from osmod.cli.row_ids import ROW_ID
from osmod.moderation.choice import Choice


def choosing_comments(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that choose comments; it gets a `Choice` as `choice`.

    Raises:
      click.UsageError: none is given, and not `--all` either.
    """

    @click.option("--article", type=ROW_ID, metavar="ID", help="Comments on this article.")
    @click.option("--category", type=ROW_ID, metavar="ID", help="Comments in this category.")
    @click.option(
        "--since", type=Moment(), metavar="WHEN", help="That came since: 2026-05-01T12:00, '2 hours'."
    )
    @click.option("--all", "every", is_flag=True, help="All that there are.")
    @click.option("--decided", is_flag=True, help="Those, too, that a moderator or a rule has decided.")
    @functools.wraps(command)
    def chosen(
        article: int | None,
        category: int | None,
        since: datetime | None,
        every: bool,
        decided: bool,
        **options: Any,
    ) -> Any:
        choice = Choice(article, category, since, decided=decided)
        if not every and (article, category, since) == (None, None, None):
            raise click.UsageError("say which comments: --article, --category, --since, or --all.")
        return command(choice=choice, **options)

    return chosen


def in_words(choice: Choice) -> str:
    """The options that choose the same comments, a moment as it was then: `--category 3 --decided`."""
    words = {"--article": choice.article_id, "--category": choice.category_id, "--since": choice.since}
    said = [f"{option} {_typed(value)}" for option, value in words.items() if value is not None]
    return " ".join([*(said or ["--all"]), *(["--decided"] if choice.decided else [])])


def _typed(value: int | datetime) -> str:
    return shlex.quote(value.isoformat() if isinstance(value, datetime) else str(value))
