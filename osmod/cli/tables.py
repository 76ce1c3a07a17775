"""How jobs, queues and times look in a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.table import Table
from rich.text import Text

from osmod.jobs.logs.saying import on_one_line
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
#: Columns of a table that is not shown in a terminal, or asked to be wide; and from which on one is not narrow.
_WIDE, _ROOMY = 200, 120
#: Characters of an id in a narrow table, which are enough to name the job by.
SHORT_ID = 8


def console(*, wide: bool = False) -> Console:
    """Where tables go: as wide as the terminal, or wide and plain if that is none. Brackets in texts are brackets."""
    return Console(
        width=None if sys.stdout.isatty() and not wide else _WIDE,
        highlight=False,
        markup=False,
        soft_wrap=False,
    )


def narrow(out: Console) -> bool:
    """Whether tables must do with few columns; those for it are readable from 60 on."""
    return out.width < _ROOMY


def table(*headings: str) -> Table:
    """A table without lines; headings that begin with `>` stand over figures."""
    made = Table(box=None, header_style="bold", pad_edge=False)
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


def brief(count: int) -> str:
    """A count in five characters at most: `950`, `12.3k`, `1.2M`; none as a dot."""
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if count >= size:
            return f"{count / size:.1f}{unit}" if count < 100 * size else f"{count // size}{unit}"
    return str(count) if count else "·"


def badge(state: JobState) -> Text:
    """A state in its colour."""
    return Text(state.value, style=COLOURS.get(state, ""))


def tries(job: JobRecord) -> str:
    """`1/3`: attempts made, of how many."""
    if job.attempts_left is None or job.state in (JobState.DONE, JobState.FAILED, JobState.CANCELLED):
        return str(job.attempts_made)
    return f"{job.attempts_made}/{job.attempts_made + job.attempts_left}"


def when(job: JobRecord, now: datetime) -> str:
    """What a job's state says of time: how long ago it ended or was sent, or in how long it is due."""
    if job.moment is None:
        return ""
    if job.state is JobState.DELAYED and job.moment > now:
        return f"in {length(job.moment - now)}"
    return f"{length(now - job.moment)} ago"


def length(time: timedelta | None) -> str:
    """A length of time at a glance: `12 ms`, `3.2 s`, `4 min`, `2 h`, `5 d`."""
    if time is None:
        return ""
    seconds = max(0.0, time.total_seconds())
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    for unit, size in (("d", 86_400), ("h", 3_600)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 60:.0f} min"


def exact(moment: datetime | None) -> str:
    """A moment in the local time zone, to the millisecond."""
    return moment.astimezone().isoformat(sep=" ", timespec="milliseconds") if moment else ""
