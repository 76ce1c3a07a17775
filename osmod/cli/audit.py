"""`osmod audit`: who did what to the jobs."""

from __future__ import annotations

import click

from osmod.cli.queue_access import job_broker, print_json
from osmod.cli.tables import console, exact, table
from osmod.jobs.steering.audit import audit_log


@click.command()
@click.option("--queue", metavar="NAME", help="Only acts on this queue.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Acts shown.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def audit(queue: str | None, limit: int, as_json: bool) -> None:
    """Show who retried, cancelled, promoted, deleted, purged, paused what, newest first."""
    found = audit_log(job_broker(), queue=queue, limit=limit)
    if as_json:
        print_json([act.as_dict() for act in found])
        return
    made = table("when", "who", "did", ">jobs", "queue", "which")
    for act in found:
        made.add_row(exact(act.at), act.who, act.act, f"{act.count:,}", act.queue, act.what)
    console().print(made)
