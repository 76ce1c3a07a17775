"""Asking the new scorer of a comparison: what it costs, a question, how far it has come."""

from __future__ import annotations

from datetime import timedelta

import click
from rich.console import Console
from sqlalchemy import Engine

from osmod.cli.progress import Progress
from osmod.cli.queue_access import STOPPED, confirm, counted
from osmod.cli.stopping import stopping_in_order
from osmod.comparing.answers import Answers
from osmod.comparing.asking import AT_ONCE, Asking, Stopped
from osmod.comparing.population import Chosen
from osmod.comparing.questions import questions
from osmod.jobs.records.glance import length
from osmod.jobs.setup import ensure_broker
from osmod.loop import run
from osmod.moderation.models import User
from osmod.scorers import Limits, Scorer, config_of
from osmod.scorers.config import asked_at
from osmod.task.turns import Turn


class _Interrupted(click.ClickException):
    """By Ctrl-C."""

    exit_code = STOPPED


def ask(engine: Engine, user: User, scorer: Scorer, chosen: Chosen, answers: Answers, *, yes: bool) -> None:
    """Ask the scorer `user` about the comments drawn that it has not answered about, after a question.

    Raises:
      click.ClickException: it was stopped, by Ctrl-C or as the scorer stays away; what is answered is kept.
    """
    missing = [comment_id for comment_id in chosen.all_ids() if comment_id not in answers]
    if not missing:
        return
    if not yes:
        for sentence in cost(user, scorer.limits, len(missing)):
            click.echo(sentence, err=True)
        confirm(f"{counted(len(missing), 'request')} would be made.", len(missing))
    ensure_broker()
    turn = Turn(user.id, user.extra, scorer.limits)
    turn.state()  # a Redis that is away is told here; later on it is waited for
    done = 0
    with Progress(Console(stderr=True, highlight=False)).of("asking", len(missing)) as report:

        def told() -> None:
            nonlocal done
            done += 1
            report(done)

        asking = Asking(scorer, turn, answers, told)
        try:
            with stopping_in_order():
                run(asking.ask(questions(engine, missing)))
        except KeyboardInterrupt:
            raise _Interrupted(_so_far(answers, missing, "stopped")) from None
        except Stopped as stopped:
            raise click.ClickException(_so_far(answers, missing, f"stopped: {stopped}")) from None
    for reason, count in asking.failed.most_common():
        click.echo(
            f"{counted(count, 'comment')} left out: {reason}. Run it again to ask about them.", err=True
        )


def cost(user: User, limits: Limits, count: int) -> list[str]:
    """What it takes to ask so many times, and what goes where."""
    endpoint = asked_at(config_of(user.id, user.extra))
    where = f"to {endpoint}" if endpoint else "nowhere outside"
    seconds = seconds_for(limits, count)
    takes = (
        f"at its limits that takes {length(timedelta(seconds=seconds))} at least"
        if seconds
        else "it has no limits"
    )
    return [
        f"{user.name} (scorer {user.id}) is asked once a comment, {limits.concurrency or AT_ONCE} at a time; {takes}.",
        f"The text of each comment goes {where}, with that of its article and of the comment that it answers where "
        "the scorer takes them.",
        "Nothing is written to the database.",
    ]


def seconds_for(limits: Limits, count: int) -> float:
    """How long so many requests take at the limits, at least; 0 where nothing limits them."""
    by_second = (count - 1) / limits.per_second if limits.per_second else 0.0
    by_minute = (count - 1) // limits.per_minute * 60.0 if limits.per_minute else 0.0
    return max(by_second, by_minute)


def _so_far(answers: Answers, missing: list[int], why: str) -> str:
    answers.end()  # those who ask may not have heard yet that they are to stop
    left = sum(comment_id not in answers for comment_id in missing)
    return f"{why}. {counted(left, 'comment')} left; the answers are kept in {answers.path}: run it again to go on."
