"""`osmod workers`: the worker processes, what they run, and what can be asked of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click
from rich.text import Text

from osmod.cli.queue_access import (
    EXIT_CODES,
    START_A_WORKER,
    because,
    confirm,
    counted,
    job_broker,
    nothing_fits,
    print_json,
    say,
)
from osmod.cli.tables import SHORT_ID, console, narrow, table, typed_name, unwrapped
from osmod.jobs.logs.saying import on_one_line
from osmod.jobs.queue.presence import WorkerRecord
from osmod.jobs.queue.presence import workers as living
from osmod.jobs.records import JobRecord, Snapshot, snapshot
from osmod.jobs.records.glance import length
from osmod.jobs.records.naming import suggested
from osmod.jobs.steering import workers as steering

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_Ask = Callable[..., int]


@click.group(epilog=EXIT_CODES)
def workers() -> None:
    """Show the worker processes; have some be quiet, go on, or stop.

    \b
    A process is named as the list shows it, or by its host alone, which means all there:
      osmod workers list
      osmod workers quiet moderation-7:4711 --reason 'a profile is taken'
      osmod workers resume moderation-7
      osmod workers stop --all
    They hear it within five seconds.
    """


@workers.command("list")
@click.option("--wide", is_flag=True, help="All columns, however narrow the terminal is.")
@_json
def list_(wide: bool, as_json: bool) -> None:
    """Which processes live, since when, how busy and large they are, and what they run."""
    now = snapshot(job_broker())
    if as_json:
        print_json({"workers": now.workers_as_dicts()})
        return
    if not now.workers:
        click.echo(f"No worker lives: {START_A_WORKER}", err=True)
        return
    out = console(wide=wide)
    out.print(workers_table(now, narrow=narrow(out)))


def _command(name: str, ask: _Ask, future: str, past: str, sentence: str) -> None:
    """Add the command that asks something of workers."""

    @workers.command(name, help=sentence, epilog=EXIT_CODES)
    @click.argument("which", nargs=-1, metavar="[WORKER | HOST]...")
    @click.option("--all", "every", is_flag=True, help="All workers.")
    @click.option("--yes", "-y", is_flag=True, help="Do not ask.")
    @because
    @_json
    def run(which: tuple[str, ...], every: bool, yes: bool, reason: str, as_json: bool) -> None:
        if not which and not every:
            raise click.UsageError(
                f"say which workers to {name}: as `osmod workers list` shows them, or --all."
            )
        broker = job_broker()
        meant = _meant(living(broker), which)
        if not meant:
            nothing_fits("No worker lives.", json={"count": 0} if as_json else None)
        if len(meant) > 1 and not yes:
            confirm(f"{counted(len(meant), 'worker')} would {future}.", len(meant))
        done = ask(broker, meant, reason=reason)
        say(f"{counted(done, 'worker')} {past}", {"count": done}, as_json=as_json)


_command(
    "quiet",
    steering.quiet_workers,
    "begin no more jobs",
    "asked to be quiet",
    "Have workers finish what runs and begin nothing more, until they are resumed or end.",
)
_command(
    "resume",
    steering.resume_workers,
    "begin jobs again",
    "asked to go on",
    "Have quiet workers begin jobs again.",
)
_command(
    "stop",
    steering.stop_workers,
    "stop",
    "asked to stop",
    "Have workers end, as by SIGTERM: running jobs get their time, the rest goes back to its queue. `osmod worker` "
    "starts another process in the place of one that ended; `dramatiq` ends its others, too.",
)


def _meant(alive: list[WorkerRecord], which: tuple[str, ...]) -> list[str]:
    if not which:
        return [one.name for one in alive]
    known = {one.name for one in alive} | {one.host for one in alive}
    for typed in which:
        if typed not in known:
            nothing_fits(f"No worker is called {typed!r}; {suggested(typed, {one.name for one in alive})}")
    return [one.name for one in alive if one.name in which or one.host in which]


def workers_table(now: Snapshot, *, narrow: bool = False) -> Any:
    """Workers, one a line, each with what it runs below it."""
    return _narrow(now) if narrow else _wide(now)


def _wide(now: Snapshot) -> Any:
    made = table("worker", "state", ">busy", ">up", ">seen", ">memory", "version", "queues")
    at = datetime.now(UTC)
    for one in now.workers:
        made.add_row(
            typed_name(one.name),
            one.condition,
            one.busy,
            length(at - one.since),
            f"{one.seen:.0f} s ago",
            _megabytes(one),
            one.version,
            ", ".join(one.queues),
        )
        for job in now.run_by(one):
            made.add_row(
                Text(f"  {job.id}", "bright_black"),
                "",
                "",
                _since(job, at),
                "",
                "",
                "",
                Text(on_one_line(job.call)),
            )
    return made


def _narrow(now: Snapshot) -> Any:
    made = unwrapped("worker", "state", ">busy", ">up", ">memory", grows=0)
    at = datetime.now(UTC)
    for one in now.workers:
        made.add_row(typed_name(one.name), one.condition, one.busy, length(at - one.since), _megabytes(one))
        for job in now.run_by(one):
            made.add_row(
                Text(f"  {job.id[:SHORT_ID]} {on_one_line(job.call)}", "bright_black"),
                "",
                "",
                _since(job, at),
                "",
            )
    return made


def _since(job: JobRecord, at: datetime) -> str:
    return length(at - job.started) if job.started else ""


def _megabytes(worker: WorkerRecord) -> str:
    return f"{worker.memory / 1_048_576:.0f} MB" if worker.memory else ""
