"""One job, with all that is known of it."""

from __future__ import annotations

import json

import click
from rich.table import Table
from rich.text import Text

from osmod.cli.tables import badge, console, exact
from osmod.jobs.logs.saying import on_lines, on_one_line
from osmod.jobs.records.glance import length, tries
from osmod.jobs.records.record import JobRecord


def print_job(job: JobRecord) -> None:
    """Print a job's page: what it is, when what happened to it, what it said, why it failed."""
    out = console()
    title = Text.assemble((on_one_line(job.actor), "bold"), "  ", badge(job.state))
    if job.cancelling:
        title.append("  being cancelled", style="yellow")
    out.print(title)
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bright_black")
    grid.add_column(overflow="fold")
    for name, value in _facts(job):
        if value:
            grid.add_row(name, on_lines(value))
    out.print(grid)
    if job.past:
        out.print(Text("runs before", style="bold"))
        for run in job.past:
            words = (
                exact(run.ended)[:19],
                run.outcome,
                length(run.duration),
                str(run.worker or ""),
                run.reason,
            )
            out.print(Text(f"  {on_one_line('  '.join(filter(None, words)))}", overflow="fold"))
    if job.log:
        out.print(Text("log", style="bold"))
        for line in job.log:
            out.print(Text(f"  {line.at.astimezone():%H:%M:%S}  {on_lines(line.text)}"))
    if job.error and job.error.traceback:
        out.print(Text("traceback", style="bold"))
        click.echo("  " + on_lines(job.error.traceback).rstrip().replace("\n", "\n  "))


def _facts(job: JobRecord) -> list[tuple[str, str]]:
    progress = ""
    if job.progress:
        share = f"{job.progress.share:.0%}" if job.progress.total else ""
        progress = f"{job.progress.done:g} of {job.progress.total:g}  {share}  {job.progress.message}"
    return [
        ("id", job.id),
        ("queue", job.queue),
        ("priority", str(job.priority)),
        *((name, json.dumps(value, ensure_ascii=False)) for name, value in job.arguments.items()),
        ("attempts", tries(job)),
        ("created", exact(job.created)),
        ("due", exact(job.due)),
        ("waits for", job.waits_for or ""),
        ("started", exact(job.started)),
        ("finished", exact(job.finished)),
        ("took", length(job.duration)),
        ("worker", str(job.worker or "")),
        ("worker died", f"{job.deaths} times" if job.deaths else ""),
        ("unique", job.unique or ""),
        ("label", job.label or ""),
        ("queued by", job.parent or ""),
        ("progress", progress.strip()),
        ("error", f"{job.error.kind}: {job.error.message}" if job.error else ""),
        ("result", json.dumps(job.result, ensure_ascii=False) if job.result is not None else ""),
    ]
