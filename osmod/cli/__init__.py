"""The command `osmod`: what operators touch. One file a group, each loaded when it is called."""

from __future__ import annotations

import os
import sys
from difflib import get_close_matches
from importlib import metadata
from io import TextIOWrapper
from typing import Any

import click

from osmod.loading import load

#: What there is: each is the command of the same name in `osmod.cli.NAME`. The order is that of `--help`.
COMMANDS = {
    "demo": "Send real comments all the way, and show what came out.",
    "check": "Say what is wrong with this installation, and what to do.",
    "db": "Bring the database up to date, check it, repair its counts.",
    "redis": "Run a Redis in the foreground, without set-up.",
    "worker": "Run workers; a process that dies is replaced.",
    "serve": "Answer HTTP: OSMod's calls, ingest, jobs and queues.",
    "jobs": "Find jobs, look at one, retry, cancel, delete, watch them.",
    "queues": "Show the queues; pause, resume, purge or check one.",
    "workers": "Show worker processes; have them be quiet, go on or stop.",
    "enqueue": "Queue a job by hand.",
    "top": "Watch queues, rates, running jobs and workers, live.",
    "audit": "Show who did what to the jobs.",
    "schedules": "Show what runs when, run, pause or resume it.",
    "publishers": "Show who is told of decisions; tell again, disable or enable one.",
    "kue": "Take over what Node programs queue with Kue; show how it stands.",
    "comments": "Show where a comment stands; send many for scoring.",
    "scorers": "Show who scores and how each is doing; try one.",
    "users": "Show users, make them and their tokens, revoke them.",
    "completion": "Print the line that has a shell complete commands and options.",
}


class _Lazy(click.Group):
    """Loads a command when it is called, and shows what operators can mend as a sentence, not a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(load(f"osmod.cli.{cmd_name}"), cmd_name)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        for one in args:
            if not _is_text(one):
                ctx.fail(f"{one!r} is not text in UTF-8.")
        _show_what_the_terminal_lacks()
        if os.environ.get("TERM") == "dumb" or os.environ.get("NO_COLOR"):
            ctx.color = False
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and (meant := get_close_matches(args[0], COMMANDS, 1)):
            ctx.fail(f"No such command '{args[0]}'. Did you mean '{meant[0]}'?")
        return super().resolve_command(ctx, args)

    def main(self, *arguments: Any, **options: Any) -> Any:
        _stand_in_for_closed_streams()
        try:
            return super().main(*arguments, **options)
        except OSError as error:  # met while help or version were printed, which no command does
            sys.exit(f"Error: {error.strerror}.")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            from osmod.cli.queue_access import STOPPED  # late, as below

            click.echo("Stopped.", err=True)
            sys.exit(STOPPED)
        except BrokenPipeError:  # as of `| head -1`: who reads has seen enough, and click ends quietly
            raise
        except Exception as error:
            from osmod.cli.errors import explain  # late: it knows SQLAlchemy and redis

            sentence = explain(error)
            if sentence is None:
                raise
            raise click.ClickException(sentence) from error


def _is_text(typed: str) -> bool:
    try:
        typed.encode()
    except UnicodeEncodeError:  # Python carries bytes that are no text as halves of surrogate pairs.
        return False
    return True


def _stand_in_for_closed_streams() -> None:
    """Whoever closed a stream (`>&-`) wants nothing of it; Python has None in its place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - for as long as it runs


def _show_what_the_terminal_lacks() -> None:
    """Have characters that the terminal's encoding does not have written as escapes; they would be errors."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _print_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"osmod-worker {_version()}")
        ctx.exit()


def _version() -> str:
    try:
        return metadata.version("osmod-worker")
    except metadata.PackageNotFoundError:
        return "(not installed, run from its source)"


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version.",
)
def main() -> None:
    """The background worker of comment moderation.

    \b
    Look around, with nothing set up:
      osmod demo                       1,000 real comments, from queue to decision
    \b
    Run it on a laptop, one line a terminal:
      osmod redis                      a Redis on localhost:6379, kept under .osmod/
      osmod db upgrade                 tables, in SQLite under .osmod/
      osmod worker                     the worker
      periodiq worker                  the clock that starts periodic tasks
      osmod serve                      HTTP, on localhost:8000
    \b
    Run it on OSMod's database and a Redis of yours:
      export REDIS_URL=redis://queue:6379
      export DATABASE_URL=mysql+pymysql://user:password@host/os_moderator?charset=utf8mb4
      osmod db upgrade                 adds the worker's own tables, touches none of OSMod's
      osmod check                      says what is still missing
    """
