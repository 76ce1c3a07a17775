"""Sending many comments for scoring: counted, asked about, queued page by page, and gone on with if interrupted."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import click
from rich.console import Console
from sqlalchemy import Engine

from osmod.cli.checks.database import open_engine
from osmod.cli.comment_choice import choosing_comments, in_words
from osmod.cli.progress import Progress
from osmod.cli.queue_access import (
    EXIT_CODES,
    STOPPED,
    because,
    confirm,
    counted,
    job_broker,
    nothing_fits,
    rehearsed,
    say,
)
from osmod.cli.row_ids import LARGEST
from osmod.cli.stopping import stopping_in_order
from osmod.jobs.broker import JobBroker
from osmod.jobs.messages.options import PRIORITIES
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import find
from osmod.jobs.records.glance import length
from osmod.jobs.states import JobState
from osmod.jobs.steering.audit import Asked, note_as
from osmod.moderation.choice import Choice, Extent, measure, page
from osmod.moderation.database import open_session
from osmod.moderation.models import Article, Category
from osmod.operating.scorers import ScorerState, scorer_states
from osmod.scorers import Limits
from osmod.settings import get_settings

#: From how long on it is said how long it takes.
LONG = timedelta(minutes=2)
#: Delayed jobs looked at, those due last first, for the last one of a command.
LOOKED_AT = 100
#: Percent of what the scorers' limits allow, where nobody says.
SHARE = 50


def command_of(name: str, *, scored: bool, sentence: str) -> click.Command:
    """The command that sends comments for scoring; `scored`: those, too, that have their scores, and to every scorer.

    The other is for scores that are missing: it asks who has not answered, unless told `--anew`.
    """

    @choosing_comments
    @click.option(
        "--after", type=click.IntRange(0, LARGEST), default=0, metavar="ID", help="Only ids above this one."
    )
    @click.option(
        "--share",
        type=click.IntRange(1, 100),
        default=SHARE,
        show_default=True,
        metavar="PERCENT",
        help="Of what the scorers' limits allow; the rest is for comments that come meanwhile.",
    )
    @click.option("--yes", "-y", is_flag=True, help="Do not ask.")
    @click.option("--dry-run", is_flag=True, help="Count the comments that are meant, and change nothing.")
    @because
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    def run(
        choice: Choice,
        after: int,
        share: int,
        yes: bool,
        dry_run: bool,
        reason: str,
        as_json: bool,
        anew: bool = True,
    ) -> None:
        broker = job_broker(needs_actors=True)
        choice = replace(choice, scored=scored)
        with open_engine(get_settings(), long=True) as engine:
            extent, scorers = _look(engine, choice, after)
            if not extent.count:
                nothing_fits(
                    "No comment fits.", *_unknown(engine, choice), json={"count": 0} if as_json else None
                )
            pace = _Pace(broker, scorers, share)
            pace.wait_for_others()
            words = [name, *([] if scored or not anew else ["--anew"])]
            named = ", ".join(map(_named, scorers))
            who = named if anew or len(scorers) == 1 else f"who of {named} has not answered"
            meant = f"{counted(extent.count, 'comment')} would be sent to {who}{pace.in_words(extent.count)}"
            sending = _Sending(broker, engine, choice, pace, words, reason, missing=not anew)
            if dry_run:
                sending.note(extent.count, dry_run=True)
                rehearsed(meant, extent.count, as_json=as_json)
                return
            if not yes:
                confirm(f"{meant}.", extent.count)
            sending.run(extent, after)
        say(sending.sentence, {"count": sending.queued, "waiting": sending.waiting}, as_json=as_json)

    asking_anew = click.option(
        "--anew", is_flag=True, help="Ask those scorers again, too, that have answered about a comment."
    )
    return click.command(name, help=sentence, epilog=EXIT_CODES)(run if scored else asking_anew(run))


def _look(engine: Engine, choice: Choice, after: int) -> tuple[Extent, list[ScorerState]]:
    """How many comments are meant, and the scorers that would be asked."""
    with open_session(engine) as session:
        extent = measure(session, choice, after)
        scorers = [one for one in scorer_states(session) if one.is_active]
    if extent.count and not scorers:
        raise click.ClickException("no scorer is active: `osmod scorers list` shows those that there are.")
    return extent, scorers


class _Pace:
    """When the next comment is due, so that they take a share of what the scorers' limits allow.

    A scorer's gate lets in who came first: a flood at once would have every comment that comes later wait behind it.

    Parameters:
      percent: the share.
      broker: where comments of other runs wait for their turn: theirs comes first, or shares would add up.
    """

    def __init__(self, broker: JobBroker, scorers: list[ScorerState], percent: int) -> None:
        rates = [rate for one in scorers for rate in _rates(one.limits)]
        self._percent = percent
        self._between = 1000 / (min(rates) * percent / 100) if rates else 0.0
        self._broker = broker
        self._next = time.time() * 1000

    @property
    def option(self) -> str:
        """What asks for the same share."""
        return f" --share {self._percent}" if self._percent != SHARE else ""

    def wait_for_others(self) -> None:
        """Begin after what was queued by runs before, or beside this one."""
        if self._between and (last := _last_due(self._broker)) is not None:
            self._next = max(self._next, last.timestamp() * 1000)

    def due(self) -> float | None:
        """When the next is, in milliseconds of the epoch; None: now."""
        if not self._between:
            return None
        self._next += self._between
        return self._next

    def in_words(self, comments: int) -> str:
        """For how long so many take, where that is long."""
        takes = timedelta(milliseconds=comments * self._between)
        over = f", over {length(takes)} at {self._percent} % of what limits allow" if takes >= LONG else ""
        first = timedelta(milliseconds=self._next - time.time() * 1000)
        return f"{over}, beginning in {length(first)}, after those sent before" if first >= LONG else over


def _last_due(broker: JobBroker) -> datetime | None:
    """When the last comment is due that a command has spread over time."""
    delayed = JobFilter(actor="sendCommentForScoring", states=(JobState.DELAYED,))
    spread = (
        job.due for job in find(broker, delayed, limit=LOOKED_AT).jobs if job.priority == PRIORITIES["low"]
    )
    return next((due for due in spread if due is not None), None)


def _rates(limits: Limits) -> Iterator[float]:
    """Comments a second."""
    if limits.per_second:
        yield limits.per_second * limits.batch
    if limits.per_minute:
        yield limits.per_minute * limits.batch / 60


def _named(scorer: ScorerState) -> str:
    unusable = ", which cannot be used" if scorer.problem else ""
    return f"{scorer.name} ({scorer.id}{unusable})"


def _unknown(engine: Engine, choice: Choice) -> list[str]:
    """What is named and is not there."""
    named: list[tuple[type[Article] | type[Category], int | None]] = [
        (Article, choice.article_id),
        (Category, choice.category_id),
    ]
    with open_session(engine) as session:
        return [
            f"There is no {model.__name__.lower()} {row_id}."
            for model, row_id in named
            if row_id is not None and session.get(model, row_id) is None
        ]


class _Sending:
    """One run of a command. New comments come first: its jobs are of low priority, and due one after another.

    Attributes:
      queued: jobs made.
      waiting: comments that got none, as their job from an earlier run still waits.

    Parameters:
      act: the command's name, and its option if it has one.
      missing: whether only those scorers are asked that have not answered.
    """

    def __init__(
        self,
        broker: JobBroker,
        engine: Engine,
        choice: Choice,
        pace: _Pace,
        act: Sequence[str],
        reason: str,
        *,
        missing: bool,
    ) -> None:
        self._broker, self._engine, self._choice, self._act = broker, engine, choice, act[0]
        self._command = f"osmod comments {' '.join(act)} {in_words(choice)}{pace.option}"
        self._pace, self._missing = pace, missing
        self._head = Asked(reason=reason).head(in_words(choice))
        self.queued = self.waiting = 0

    def run(self, extent: Extent, after: int) -> None:
        """Queue a job for each comment that fits. Interrupted, by whatever, it says how to go on from there."""
        end = max(after, extent.first - 1)
        try:
            with (
                stopping_in_order(),
                Progress(Console(stderr=True, highlight=False)).of("queueing", extent.count) as report,
            ):
                while end < extent.last:
                    end = self._send(end, extent.last)
                    report(self.queued + self.waiting)
        except BaseException as error:
            click.echo(
                f"Stopped after {self.queued + self.waiting:,} of {counted(extent.count, 'comment')}; "
                f"the rest: {self._command} --after {end}",
                err=True,
            )
            if isinstance(error, KeyboardInterrupt):
                raise SystemExit(STOPPED) from None
            raise

    def _send(self, after: int, last: int) -> int:
        """Queue those of one page; the id up to which all are queued then."""
        with open_session(self._engine) as session:
            found = page(session, self._choice, after, last)
        if found.ids:
            self._pace.wait_for_others()
            sent = self._broker.send_many(
                [_message(one, self._pace.due(), self._missing) for one in found.ids]
            )
            waiting = sum("duplicate_of" in message.options for message in sent)
            self.waiting += waiting
            self.queued += len(sent) - waiting
            self.note(len(sent) - waiting)
        return found.end

    def note(self, count: int, *, dry_run: bool = False) -> None:
        """Write it down for the audit log, or a part of it."""
        queue = self._broker.actors["sendCommentForScoring"].queue_name
        note_as(self._broker, self._head, self._act, queue, count, dry_run=dry_run)

    @property
    def sentence(self) -> str:
        """What was done."""
        waiting = f"; {self.waiting:,} waited already" if self.waiting else ""
        return f"{counted(self.queued, 'comment')} queued{waiting}"


def _message(comment_id: int, due: float | None, missing: bool) -> Any:
    from actors import send_comment_for_scoring  # late: the command says what is wrong with the folder

    arguments = {"comment_id": comment_id} | ({"missing": True} if missing else {})
    options: dict[str, Any] = {"priority": PRIORITIES["low"], "unique": ("comment_id",)}
    if due is not None:
        options["eta"] = due
    return send_comment_for_scoring.message_with_options(kwargs=arguments, **options)
