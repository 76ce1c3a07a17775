"""`osmod audit`: who did what to the jobs."""

from __future__ import annotations

import click
from rich.markup import escape

from osmod.cli.queue_access import EXIT_CODES, job_broker, nothing_fits, print_json
from osmod.cli.tables import console, exact, table
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.naming import unknown
from osmod.jobs.steering.audit import audit_log


@click.command(epilog=EXIT_CODES)
@click.option("--queue", metavar="NAME", help="Only acts on this queue.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Acts shown.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def audit(queue: str | None, limit: int, as_json: bool) -> None:
    """Show who retried, cancelled, deleted, sent, paused what, and why, newest first."""
    broker = job_broker()
    found = audit_log(broker, queue=queue, limit=limit)
    plain = {"acts": [act.as_dict() for act in found]}
    if not found and (wrong := unknown(broker, JobFilter(queue=queue))):
        nothing_fits(*wrong, json=plain if as_json else None)
    if as_json:
        print_json(plain)
        return
    reasons = any(act.reason for act in found)
    made = table("when", "who", "did", ">how many", "queue", "which", *(["why"] if reasons else []))
    for act in found:
        did = f"{act.act}, dry run" if act.dry_run else act.act
        why = [escape(act.reason)] if reasons else []
        made.add_row(exact(act.at), act.who, did, f"{act.count:,}", act.queue, escape(act.what), *why)
    console().print(made)
