"""How jobs, queues and times look in a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime

from rich.console import Console, RenderableType
from rich.style import StyleType
from rich.table import Table
from rich.text import Text

from osmod.jobs.logs.saying import on_one_line
from osmod.jobs.records.glance import length, tries, when
from osmod.jobs.records.record import JobRecord
from osmod.jobs.states import JobState

#: The colour of each state, the same everywhere.
COLOURS = {
    JobState.WAITING: "yellow",
    JobState.DELAYED: "magenta",
    JobState.ACTIVE: "blue",
    JobState.DONE: "green",
    JobState.FAILED: "red",
    JobState.CANCELLED: "bright_black",
}
#: Columns of a table that is not shown in a terminal, or asked to be wide; from which on one is not narrow; and at
#: least: a narrower terminal has longer lines go on in its next one, and no name or figure is cut off.
_WIDE, _ROOMY, _LEAST = 200, 120, 60
#: Characters of an id in a narrow table, which are enough to name the job by.
SHORT_ID = 8


def console(*, wide: bool = False, painted: bool = False) -> Console:
    """Where tables go: as wide as the terminal, or wide and plain if that is none. Brackets in texts are brackets.

    Parameters:
      painted: on the whole screen, where no line may go on in the next one.
    """
    here = sys.stdout.isatty() and not wide
    out = Console(width=None if here else _WIDE, highlight=False, markup=False, soft_wrap=False)
    if out.width < _LEAST and not painted:
        out.width = _LEAST
    return out


def narrow(out: Console) -> bool:
    """Whether tables must do with few columns; those for it are readable from 60 on."""
    return out.width < _ROOMY


class PlainTable(Table):
    """A table whose cells are text of others, whatever that is: none of it acts on the terminal."""

    def add_row(
        self, *cells: RenderableType | None, style: StyleType | None = None, end_section: bool = False
    ) -> None:
        """Add a row; a cell is a text, with a style or without."""
        super().add_row(*map(_without_acting, cells), style=style, end_section=end_section)


def _without_acting(cell: RenderableType | None) -> RenderableType | None:
    if isinstance(
        cell, Text
    ):  # Rich has left out some of what acts by now; who wants it shown does this before.
        cell.plain = on_one_line(cell.plain)
    return on_one_line(cell) if isinstance(cell, str) else cell


def table(*headings: str) -> Table:
    """A table without lines; headings that begin with `>` stand over figures."""
    made = PlainTable(box=None, header_style="bold", pad_edge=False)
    for heading in headings:
        made.add_column(heading.removeprefix(">"), justify="right" if heading.startswith(">") else "left")
    return made


def jobs_table(jobs: Iterable[JobRecord], *, narrow: bool = False) -> Table:
    """Jobs, one a line; narrow, each with its error on a line below it."""
    return _narrow_jobs(jobs) if narrow else _wide_jobs(jobs)


def _wide_jobs(jobs: Iterable[JobRecord]) -> Table:
    made = table("id", "state", "job", "queue", ">tried", "when", ">took", "error")
    made.columns[0].no_wrap = True
    now = datetime.now(UTC)
    for job in jobs:
        error = _reason(job)
        made.add_row(
            job.id,
            badge(job.state),
            Text(on_one_line(job.call), overflow="fold"),
            job.queue,
            tries(job),
            when(job, now),
            length(job.duration),
            Text(error if len(error) <= 80 else error[:79] + "…", style="red"),
        )
    return made


def _narrow_jobs(jobs: Iterable[JobRecord]) -> Table:
    made = unwrapped("id", "state", ">when", "job")
    now = datetime.now(UTC)
    for job in jobs:
        made.add_row(job.id[:SHORT_ID], badge(job.state), when(job, now), Text(on_one_line(job.call)))
        if job.error:
            made.add_row("", "", "", Text(_reason(job), style="red"))
    return made


def _reason(job: JobRecord) -> str:
    first = f"{job.error.kind}: {job.error.message}".partition("\n")[0] if job.error else ""
    return on_one_line(first)


def unwrapped(*headings: str, grows: int = -1) -> Table:
    """A table one line a row: of what does not fit in the column that `grows`, the end is left out."""
    made = table(*headings)
    made.expand = True
    for column in made.columns:
        column.no_wrap = True
        column.overflow = "ellipsis"
    made.columns[grows].ratio = 1
    return made


def typed_name(name: str) -> Text:
    """A name that commands take: in a narrow column it goes on in the next line, so that all of it is there."""
    return Text(on_one_line(name), no_wrap=False, overflow="fold")


def badge(state: JobState) -> Text:
    """A state in its colour."""
    return Text(state.value, style=COLOURS.get(state, ""))


def exact(moment: datetime | None) -> str:
    """A moment in the local time zone, to the millisecond."""
    return moment.astimezone().isoformat(sep=" ", timespec="milliseconds") if moment else ""
