"""`osmod jobs`: find jobs, look at one, and act on them."""

from __future__ import annotations

import sys

import click
from rich.console import Console

from osmod.cli.job_acts import command_of
from osmod.cli.job_choice import choosing_jobs
from osmod.cli.job_groups import count_, groups
from osmod.cli.job_page import print_job
from osmod.cli.naming import meant
from osmod.cli.queue_access import EXIT_CODES, counted, job_broker, nothing_fits, print_json
from osmod.cli.repainting import repaint
from osmod.cli.tables import console, jobs_table, narrow
from osmod.cli.typed import Name, Seconds
from osmod.jobs import steering
from osmod.jobs.events import events
from osmod.jobs.logs.saying import on_one_line
from osmod.jobs.records.cursors import BadCursor
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import PAGE, SCAN, Page, find
from osmod.jobs.records.naming import actor_name, unknown
from osmod.jobs.records.reading import get_job

#: Seconds between two looks of `jobs list --watch`.
_WATCHED_EVERY = 2.0
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(epilog=EXIT_CODES)
def jobs() -> None:
    """Find jobs, look at one, retry, cancel, promote, delete, watch them.

    \b
    Jobs are chosen by id, by arguments and by options, all of which must be true:
      osmod jobs groups                      what failed, by actor and error
      osmod jobs list comment_id=12
      osmod jobs list --state failed --since '2 hours' --error TimeoutError
      osmod jobs show 5e1f0c9a-6c5f-4b52-9a4f-1f1f2a3b4c5d
      osmod jobs retry --actor sendCommentForScoring --error TimeoutError
    Acts on more than a job given by its id say how many jobs they are about, and ask.
    """


@jobs.command("list", epilog=EXIT_CODES)
@choosing_jobs
@click.option(
    "--sort", type=click.Choice(["newest", "oldest"]), default="newest", show_default=True, help="First."
)
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=PAGE, show_default=True, help="Jobs on the page."
)
@click.option("--cursor", metavar="TEXT", help="Go on after the page that said this.")
@click.option(
    "--scan", type=click.IntRange(0), default=SCAN, show_default=True, help="Jobs looked at at most; 0: all."
)
@click.option("--watch", is_flag=True, help="Show it anew every two seconds, until Ctrl-C.")
@click.option("--wide", is_flag=True, help="All columns, however narrow the terminal is.")
@_json
def list_(
    wanted: JobFilter,
    sort: str,
    limit: int,
    cursor: str | None,
    scan: int,
    watch: bool,
    wide: bool,
    as_json: bool,
) -> None:
    """Show the newest jobs that fit, or the oldest."""
    if watch and (as_json or not sys.stdout.isatty()):
        raise click.UsageError(
            "--watch paints on a terminal; programs ask again, or use `osmod jobs watch --json`."
        )
    broker = job_broker()
    wanted = meant(broker, wanted)
    out = console(wide=wide, painted=watch)

    def look() -> Page:
        return find(broker, wanted, limit=limit, cursor=cursor, scan=scan or None, oldest=sort == "oldest")

    try:
        page = look()
    except BadCursor as error:
        raise click.UsageError(f"--cursor: {error}.") from None
    if watch:
        repaint(lambda: jobs_table(look().jobs, narrow=narrow(out)), _WATCHED_EVERY, out)
        return
    plain = {
        "jobs": [job.as_dict() for job in page.jobs],
        "cursor": page.cursor,
        "cut": page.cut,
        "unread": page.unread,
    }
    if not page.jobs and not page.cut and wanted != JobFilter():
        nothing_fits("No job fits.", *unknown(broker, wanted), json=plain if as_json else None)
    if as_json:
        print_json(plain)
    else:
        _print(page, out)


def _print(page: Page, out: Console) -> None:
    if page.jobs:
        out.print(jobs_table(page.jobs, narrow=narrow(out)))
    else:
        click.echo("No job fits so far." if page.cut else "There is no job.", err=True)
    if page.cut:
        click.echo(f"Looked at {counted(page.looked_at)} and stopped; look at all with --scan 0.", err=True)
    if page.unread:
        click.echo(
            f"{counted(page.unread, 'more job')} that may fit {'was' if page.unread == 1 else 'were'} not looked at; "
            "look at all with --scan 0.",
            err=True,
        )
    if page.cursor:
        click.echo(f"More: --cursor {page.cursor}", err=True)


@jobs.command(epilog=EXIT_CODES)
@click.argument("job_id", metavar="ID")
@_json
def show(job_id: str, as_json: bool) -> None:
    """Show all that is known of the job ID: times, worker, progress, log, error, result.

    The first six characters of an id do, or more, if no other begins so.
    """
    broker = job_broker()
    job = get_job(broker, meant(broker, JobFilter(ids=(job_id,))).ids[0])
    if job is None:
        nothing_fits(
            f"There is no record of a job {job_id}: it was never sent, or is no longer kept.",
            json={"jobs": []} if as_json else None,
        )
    if as_json:
        print_json({"jobs": [job.as_dict()]})
    else:
        print_job(job)


@jobs.command()
@click.option(
    "--queue",
    "queues",
    type=Name(),
    multiple=True,
    metavar="NAME",
    help="Only this queue; may be given again.",
)
@click.option("--actor", type=Name(), metavar="NAME", help="Only jobs of this actor.")
@click.option(
    "--seconds", type=Seconds(0), metavar="NUMBER", help="End after so long; by default with Ctrl-C."
)
@_json
def watch(queues: tuple[str, ...], actor: str | None, seconds: float | None, as_json: bool) -> None:
    """Follow what happens to jobs, as it happens."""
    broker = job_broker()
    if actor is not None:
        actor = actor_name(broker, actor)
    for sentence in unknown(broker, JobFilter(actor=actor)):
        click.echo(f"{sentence} Watching all the same.", err=True)
    try:
        for event in events(broker, queues or None, seconds=seconds):
            if actor is not None and event.actor != actor:
                continue
            if as_json:
                print_json(event.as_dict())
                continue
            more = event.error or (f"again in {event.delay / 1000:g} s" if event.delay is not None else "")
            if event.progress:
                more = f"{event.progress.done:g}/{event.progress.total:g} {event.progress.message}"
            at = event.at.astimezone().strftime("%H:%M:%S.%f")[:-3]
            line = f"{at}  {event.kind.value:9}  {event.actor:28} {event.job_id}  {more}"
            click.echo(on_one_line(line.rstrip()))
            sys.stdout.flush()
    except KeyboardInterrupt:
        return


jobs.add_command(count_)
jobs.add_command(groups)
for _act in steering.ACTS:
    jobs.add_command(command_of(_act))
