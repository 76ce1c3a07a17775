"""`osmod top`: queues, rates, running jobs and workers, live."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from rich.console import Group
from rich.text import Text

from osmod.cli.queue_access import START_A_WORKER, job_broker, print_json
from osmod.cli.queue_tables import queues_table
from osmod.cli.repainting import repaint
from osmod.cli.tables import SHORT_ID, console, narrow, table, typed_name, unwrapped
from osmod.cli.typed import Seconds
from osmod.jobs.logs.saying import on_one_line
from osmod.jobs.middleware.control import LONG
from osmod.jobs.middleware.watch import LOOK
from osmod.jobs.records.glance import length
from osmod.jobs.records.overview import Snapshot, snapshot
from osmod.jobs.records.record import JobRecord

#: Running jobs shown.
_RUNNING = 20
#: A job that has been running for so long has said in which thread.
_REPORTED = timedelta(seconds=LONG + 2 * LOOK)


@click.command()
@click.option("--every", type=Seconds(0.2), default=1.0, show_default=True, help="Seconds between looks.")
@click.option("--once", is_flag=True, help="Print one picture and end, as when this is no terminal.")
@click.option("--wide", is_flag=True, help="All columns, however narrow the terminal is.")
@click.option("--json", "as_json", is_flag=True, help="Print one picture as JSON.")
def top(every: float, once: bool, wide: bool, as_json: bool) -> None:
    """Watch queues, rates, the age of what waits, running jobs and workers.

    Ends with Ctrl-C, and goes on while Redis is away. Rates are those between two looks.
    """
    broker = job_broker()
    before = snapshot(broker)
    painted = sys.stdout.isatty() and not (once or as_json)
    out = console(wide=wide, painted=painted)

    def look() -> tuple[Snapshot, Snapshot]:
        nonlocal before
        after = snapshot(broker)
        pair, before = (before, after), after
        return pair

    if painted:
        repaint(lambda: picture(*look(), narrow=narrow(out)), every, out)
        return
    time.sleep(every)
    if as_json:
        earlier, now = look()
        print_json(now.as_dict(earlier))
    else:
        out.print(picture(*look(), narrow=narrow(out)))


def picture(before: Snapshot, after: Snapshot, *, narrow: bool = False) -> Any:
    """What is shown: queues, then running jobs, then workers."""
    running = _narrow_running(after) if narrow else _running(after)
    workers = _narrow_workers(after) if narrow else _workers(after)
    return Group(
        queues_table(after.queues, after.rates(before), narrow=narrow),
        Text(),
        running if after.running else Text("Nothing runs.", style="bright_black"),
        Text(),
        workers if after.workers else Text(f"No worker lives: {START_A_WORKER}", style="yellow"),
    )


def _running(now: Snapshot) -> Any:
    made = table("running", ">for", "progress", "worker", "id")
    at = datetime.now(UTC)
    for job in _longest(now, at):
        progress = f"{job.progress.share:4.0%} {on_one_line(job.progress.message)}" if job.progress else ""
        made.add_row(
            Text(on_one_line(job.call)),
            length(at - job.started) if job.started else "",
            progress,
            _where(job, at),
            job.id,
        )
    if len(now.running) > _RUNNING:
        made.add_row(_more(now))
    return made


def _narrow_running(now: Snapshot) -> Any:
    made = unwrapped(">for", "id", "%", "running")
    at = datetime.now(UTC)
    for job in _longest(now, at):
        share = f"{job.progress.share:4.0%}" if job.progress else ""
        since = length(at - job.started) if job.started else ""
        made.add_row(since, job.id[:SHORT_ID], share, Text(on_one_line(job.call)))
    if len(now.running) > _RUNNING:
        made.add_row("", "", "", _more(now))
    return made


def _longest(now: Snapshot, at: datetime) -> list[JobRecord]:
    """The jobs that are shown: those that have run longest, then those that no thread has begun."""
    order = sorted(now.running, key=lambda job: ("fetched" in _where(job, at), job.started or at))
    return order[:_RUNNING]


def _more(now: Snapshot) -> Text:
    return Text(f"… and {len(now.running) - _RUNNING} more", style="bright_black")


def _where(job: JobRecord, now: datetime) -> str:
    """The job's worker, and whether no thread of it has begun the job: workers fetch ahead."""
    if job.worker is None:
        return ""
    ahead = not job.worker.thread and job.started is not None and now - job.started > _REPORTED
    return f"{job.worker} (fetched ahead)" if ahead else str(job.worker)


def _workers(now: Snapshot) -> Any:
    made = table("worker", ">busy", ">up", ">seen", "queues")
    at = datetime.now(UTC)
    for one in now.workers:
        made.add_row(
            typed_name(one.name),
            one.busy,
            length(at - one.since),
            f"{one.seen:.0f} s ago",
            ", ".join(one.queues),
        )
    return made


def _narrow_workers(now: Snapshot) -> Any:
    made = unwrapped("worker", ">busy", ">up", ">seen", grows=0)
    at = datetime.now(UTC)
    for one in now.workers:
        made.add_row(typed_name(one.name), one.busy, length(at - one.since), f"{one.seen:.0f} s ago")
    return made
