"""`osmod top`: queues, rates, running jobs and workers, live."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import redis
from rich.console import Group
from rich.live import Live
from rich.text import Text

from osmod.cli.queue_access import job_broker, print_json
from osmod.cli.queues import queues_table
from osmod.cli.tables import console, length, table
from osmod.jobs.middleware.control import LONG, LOOK
from osmod.jobs.records.overview import Snapshot, snapshot
from osmod.jobs.records.record import JobRecord
from osmod.jobs.wire.refusals import outage

#: Running jobs shown.
_RUNNING = 20
#: A job that has been running for so long has said in which thread.
_REPORTED = timedelta(seconds=LONG + 2 * LOOK)


@click.command()
@click.option(
    "--every", type=click.FloatRange(0.2), default=1.0, show_default=True, help="Seconds between looks."
)
@click.option("--once", is_flag=True, help="Print one picture and end, as when this is no terminal.")
@click.option("--json", "as_json", is_flag=True, help="Print one picture as JSON.")
def top(every: float, once: bool, as_json: bool) -> None:
    """Watch queues, rates, the age of what waits, running jobs and workers.

    Ends with Ctrl-C. Rates are those between two looks.
    """
    broker = job_broker()
    before = snapshot(broker)

    def look() -> tuple[Snapshot, Snapshot]:
        nonlocal before
        time.sleep(every)
        after = snapshot(broker)
        pair, before = (before, after), after
        return pair

    if as_json:
        print_json(_plain(*look()))
    elif once or not sys.stdout.isatty():
        console().print(picture(*look()))
    else:
        _live(look)


def picture(before: Snapshot, after: Snapshot) -> Any:
    """What is shown: queues, then running jobs, then workers."""
    return Group(
        queues_table(after.queues, after.rates(before)),
        Text(),
        _running(after) if after.running else Text("Nothing runs.", style="bright_black"),
        Text(),
        _workers(after)
        if after.workers
        else Text("No worker lives: start one with `dramatiq worker`.", style="yellow"),
    )


def _live(look: Callable[[], tuple[Snapshot, Snapshot]]) -> None:
    try:
        with Live(console=console(), screen=True, auto_refresh=False) as live:
            while True:
                live.update(_look_or_why_not(look), refresh=True)
    except KeyboardInterrupt:
        return


def _look_or_why_not(look: Callable[[], tuple[Snapshot, Snapshot]]) -> Any:
    """The picture, or what is wrong with Redis while it cannot be had."""
    try:
        return picture(*look())
    except (redis.RedisError, OSError) as error:
        sentence = outage(error)
        return Text(f"{sentence[:1].upper()}{sentence[1:]}; looking again.", style="yellow")


def _running(now: Snapshot) -> Any:
    made = table("running", ">for", "progress", "worker", "id")
    at = datetime.now(UTC)
    longest = sorted(now.running, key=lambda job: ("fetched" in _where(job, at), job.started or at))
    for job in longest[:_RUNNING]:
        progress = f"{job.progress.share:4.0%} {job.progress.message}" if job.progress else ""
        made.add_row(
            Text(job.call), length(at - job.started) if job.started else "", progress, _where(job, at), job.id
        )
    if len(longest) > _RUNNING:
        made.add_row(Text(f"… and {len(longest) - _RUNNING} more", style="bright_black"))
    return made


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
        busy = f"{one.running}/{one.threads}"
        made.add_row(
            f"{one.host}:{one.process}",
            busy,
            length(at - one.since),
            f"{one.seen:.0f} s ago",
            ", ".join(one.queues),
        )
    return made


def _plain(before: Snapshot, after: Snapshot) -> dict[str, Any]:
    rates = after.rates(before)
    return {
        "queues": [{**one.as_dict(), "per_second": rates[one.name]} for one in after.queues],
        "running": [job.as_dict() for job in after.running],
        "workers": [vars(one) for one in after.workers],
    }
