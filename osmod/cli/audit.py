"""`osmod audit`: who did what to the jobs."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from rich.table import Table
from rich.text import Text

from osmod.cli.job_choice import Moment
from osmod.cli.queue_access import EXIT_CODES, job_broker, nothing_fits, print_json
from osmod.cli.tables import console, exact, narrow, table, unwrapped
from osmod.cli.typed import Name
from osmod.jobs.logs.saying import on_one_line
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.glance import brief, length
from osmod.jobs.records.naming import unknown
from osmod.jobs.steering.audit import AuditEntry, audit_log


@click.command(epilog=EXIT_CODES)
@click.option("--queue", type=Name(), metavar="NAME", help="Only acts on this queue.")
@click.option("--until", type=Moment(), metavar="WHEN", help="Only acts up to this moment.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Acts shown.")
@click.option("--wide", is_flag=True, help="All columns, however narrow the terminal is.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def audit(queue: str | None, until: datetime | None, limit: int, wide: bool, as_json: bool) -> None:
    """Show who retried, cancelled, deleted, sent, paused what, and why, newest first."""
    broker = job_broker()
    found = audit_log(broker, queue=queue, limit=limit, until=until)
    plain = {"acts": [act.as_dict() for act in found]}
    if not found and (wrong := unknown(broker, JobFilter(queue=queue))):
        nothing_fits(*wrong, json=plain if as_json else None)
    if as_json:
        print_json(plain)
        return
    out = console(wide=wide)
    out.print(audit_table(found, narrow=narrow(out)))


def audit_table(acts: list[AuditEntry], *, narrow: bool = False) -> Table:
    """Acts, one a line; narrow, each with who did it, and why, on a line below it."""
    return _narrow(acts) if narrow else _wide(acts)


def _wide(acts: list[AuditEntry]) -> Table:
    reasons = any(act.reason for act in acts)
    made = table("when", "who", "did", ">how many", "queue", "which", *(["why"] if reasons else []))
    for act in acts:
        why = [act.reason] if reasons else []
        made.add_row(exact(act.at), act.who, _did(act), f"{act.count:,}", act.queue, act.what, *why)
    return made


def _narrow(acts: list[AuditEntry]) -> Table:
    made = unwrapped(">when", "did", ">jobs", "which")
    now = datetime.now(UTC)
    for act in acts:
        which = f"{act.queue}: {act.what}" if act.queue else act.what
        made.add_row(f"{length(now - act.at)} ago", _did(act), brief(act.count), Text(on_one_line(which)))
        made.add_row(
            "", "", "", Text(on_one_line(f"by {act.who}: {act.reason}" if act.reason else f"by {act.who}"))
        )
    return made


def _did(act: AuditEntry) -> str:
    return f"{act.act}, dry run" if act.dry_run else act.act
