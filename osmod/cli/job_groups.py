"""`osmod jobs groups` and `osmod jobs count`: many jobs at one look."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click
from rich.text import Text

from osmod.cli.job_choice import choosing_jobs
from osmod.cli.naming import meant
from osmod.cli.queue_access import EXIT_CODES, counted, job_broker, nothing_fits, print_json, say
from osmod.cli.tables import console, table
from osmod.cli.typed import Name
from osmod.jobs.logs.saying import on_one_line
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import count
from osmod.jobs.records.glance import length
from osmod.jobs.records.groups import SCAN, FailureGroup, failure_groups
from osmod.jobs.records.naming import unknown

#: Groups that a person is shown, about two screens of them.
SHOWN = 10
_ORDERS: dict[str, Callable[[FailureGroup], Any]] = {
    "largest": lambda group: -group.count,
    "oldest": lambda group: group.oldest,
    "newest": lambda group: -group.newest.timestamp(),
}


@click.command("groups", epilog=EXIT_CODES)
@click.option("--actor", type=Name(), metavar="NAME", help="Only failures of this actor.")
@click.option("--queue", type=Name(), metavar="NAME", help="Only this queue.")
@click.option("--error", type=Name(), metavar="CLASS", help="Only this class of error, as TimeoutError.")
@click.option(
    "--scan",
    type=click.IntRange(0),
    default=SCAN,
    show_default=True,
    help="Failed jobs of a queue looked at at most, the newest; 0: all.",
)
@click.option(
    "--sort",
    type=click.Choice(list(_ORDERS)),
    default="largest",
    show_default=True,
    help="First: most jobs, the failure longest ago, or the last one.",
)
@click.option(
    "--limit",
    type=click.IntRange(0),
    help=f"Groups shown at most; 0: all.  [default: {SHOWN}; with --json all]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def groups(
    actor: str | None,
    queue: str | None,
    error: str | None,
    scan: int,
    sort: str,
    limit: int | None,
    as_json: bool,
) -> None:
    """Show what failed, by actor and error: how many, since when, and an example of each.

    The place to begin when much failed. Below each group stand the commands that go on from there.
    """
    broker = job_broker()
    wanted = meant(broker, JobFilter(queue=queue, actor=actor, error=error))
    found = failure_groups(broker, wanted, scan=scan or None)
    ordered = sorted(found.groups, key=_ORDERS[sort])
    most = (0 if as_json else SHOWN) if limit is None else limit
    shown, left_out = (ordered[:most], ordered[most:]) if most else (ordered, [])
    plain = {
        "groups": [group.as_dict() for group in shown],
        "looked_at": found.looked_at,
        "cut": found.cut,
    }
    if not found.groups and (wrong := unknown(broker, wanted)):
        nothing_fits(*wrong, json=plain if as_json else None)
    if as_json:
        print_json(plain)
    else:
        for group in shown:
            _print(group)
    if left_out:
        jobs = counted(sum(one.count for one in left_out))
        click.echo(
            f"{counted(len(left_out), 'more group')} of {jobs} not shown: see all with --limit 0, or narrow it by "
            "--queue, --actor or --error.",
            err=True,
        )
    if not found.groups and not found.cut:
        click.echo("No job has failed.", err=True)
    if found.cut:
        click.echo(
            f"Looked at the newest {counted(scan, 'failed job')} of each queue, {found.looked_at:,} in all, and "
            "stopped: groups may be larger, and there may be more of them; look at all with --scan 0.",
            err=True,
        )


@click.command("count", epilog=EXIT_CODES)
@choosing_jobs
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def count_(wanted: JobFilter, as_json: bool) -> None:
    """Say how many jobs fit, exactly. Conditions beyond state and queue look at every job there is."""
    broker = job_broker()
    wanted = meant(broker, wanted)
    number = count(broker, wanted)
    say(str(number), {"count": number}, as_json=as_json)
    if not number:
        for sentence in unknown(broker, wanted):
            click.echo(sentence, err=True)


def _print(group: FailureGroup) -> None:
    now = datetime.now(UTC)
    line = table(">", "", "", "")
    line.show_header = False
    line.add_row(
        Text(f"{group.count:,}", style="bold red"),
        Text(on_one_line(f"{group.actor} × {group.error}"), style="bold"),
        group.queue,
        f"from {length(now - group.oldest)} to {length(now - group.newest)} ago",
    )
    out = console()
    out.print(line)
    if group.example is not None and group.example.error is not None:
        reason = on_one_line(group.example.error.message.partition("\n")[0])
        out.print(Text(f"    {reason if len(reason) <= 200 else reason[:199] + '…'}", overflow="fold"))
    chosen = on_one_line(shlex.join(["--queue", group.queue, "--actor", group.actor, "--error", group.error]))
    if group.example is not None:
        click.echo(f"    osmod jobs show {shlex.quote(group.example.id)}")
    click.echo(f"    osmod jobs retry {chosen}")
    click.echo(f"    osmod jobs delete --state failed {chosen}")
