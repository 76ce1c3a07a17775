"""How a command is told which jobs: an id, conditions such as `comment_id=12`, options."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from osmod.cli.typed import Name, named_values
from osmod.jobs.records.filters import STATES, JobFilter
from osmod.jobs.records.typed import moment_of
from osmod.jobs.states import JobState


class Moment(click.ParamType):  # type: ignore[type-arg]
    """A moment: ISO 8601, or a length of time ago such as `2 hours`."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read it; a moment without a time zone is in the local one."""
        if isinstance(value, datetime):
            return value
        try:
            return moment_of(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def choosing_jobs(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the arguments and options that choose jobs; it gets a `JobFilter` as `wanted`."""

    @click.argument("which", nargs=-1, metavar="[ID | NAME=VALUE]...")
    @click.option("--actor", type=Name(), metavar="NAME", help="Jobs of this actor, as acceptComments.")
    @click.option("--queue", type=Name(), metavar="NAME", help="Jobs of this queue.")
    @click.option(
        "--state",
        "states",
        multiple=True,
        type=click.Choice([state.value for state in STATES]),
        help="Jobs in this state; may be given again.",
    )
    @click.option(
        "--error",
        type=Name(),
        metavar="CLASS",
        help="Jobs whose last run failed by this error, as TimeoutError.",
    )
    @click.option(
        "--since", type=Moment(), metavar="WHEN", help="From this moment on: 2026-05-01T12:00, '2 hours', 2h."
    )
    @click.option("--until", type=Moment(), metavar="WHEN", help="Up to this moment.")
    @click.option("--parent", type=Name(), metavar="ID", help="Jobs that this job sent while it ran.")
    @click.option(
        "--word",
        "words",
        multiple=True,
        type=Name(),
        metavar="TEXT",
        help="Jobs with this text in an argument or their error; may be given again.",
    )
    @functools.wraps(command)
    def chosen(
        which: tuple[str, ...],
        actor: str | None,
        queue: str | None,
        states: tuple[str, ...],
        error: str | None,
        since: datetime | None,
        until: datetime | None,
        parent: str | None,
        words: tuple[str, ...],
        **options: Any,
    ) -> Any:
        wanted = JobFilter(
            ids=tuple(one for one in which if "=" not in one),
            actor=actor,
            queue=queue,
            states=tuple(JobState(state) for state in states),
            error=error,
            since=since,
            until=until,
            arguments=named_values(one for one in which if "=" in one),
            parent=parent,
            words=words,
        )
        return command(wanted=wanted, **options)

    return chosen
