"""What the commands on jobs share: the queue, the question before an act, exit codes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from json import dumps
from typing import Any, NoReturn

import click

from osmod.jobs.broker import JobBroker
from osmod.jobs.logs.saying import on_one_line
from osmod.jobs.setup import ensure_broker

#: Exit codes, the same for all commands on jobs. 1 is an error with a message, 2 a wrong call.
NOTHING_FITS, DECLINED = 3, 4
#: By Ctrl-C, as shells have it: 128 and the signal's number.
STOPPED = 130
#: The remedy where nobody works.
START_A_WORKER = "start one with `osmod worker`."
EXIT_CODES = (
    "Exit codes: 0 done, 1 error, 2 wrong usage, 3 nothing fits, 4 not confirmed, 130 stopped by Ctrl-C."
)


def job_broker(*, needs_actors: bool = False) -> JobBroker:
    """The queue of the settings, with the project's actors declared.

    Parameters:
      needs_actors: whether the command can do nothing without them; the others say so and go on.

    Raises:
      click.ClickException: there is no queue, because tasks run where they are sent; or the actors are
        needed and cannot be loaded.
      SettingsError: the environment cannot be used.
    """
    broker = ensure_broker()
    load_actors(needed=needs_actors)
    if not isinstance(broker, JobBroker):
        raise click.ClickException(
            "WORKER_RUN_IMMEDIATELY is set: tasks run where they are sent, there is no queue."
        )
    return broker


def load_actors(*, needed: bool) -> None:
    """Declare them, so that arguments have names, and only what is sensitive is masked."""
    try:
        import actors  # noqa: F401
    except Exception as error:  # noqa: BLE001 - whatever a module does on import, it is to be told
        first_line = str(error).partition("\n")[0]
        why = f"the actors cannot be loaded ({type(error).__name__}: {first_line})"
        if needed:
            raise click.ClickException(f"{why}: correct the folder actors/.") from None
        click.echo(f"T{why[1:]}: jobs are shown without them, and their texts masked.", err=True)


def explaining(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command that acts on many `--reason` and `--dry-run`, both of which the audit log keeps."""
    dry = click.option("--dry-run", is_flag=True, help="Count the jobs that are meant, and change nothing.")
    return dry(because(command))


def because(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--reason`, for the audit log."""
    said = click.option("--reason", default="", metavar="TEXT", help="Why; the audit log keeps it.")
    return said(command)


def confirm(sentence: str, count: int) -> None:
    """Ask before an act on so many jobs; end the command if the answer is no, or nobody is there to ask."""
    if not sys.stdin.isatty():
        click.echo(f"{sentence.format(jobs=counted(count))} Add --yes to do it.", err=True)
        sys.exit(DECLINED)
    try:
        confirmed = click.confirm(sentence.format(jobs=counted(count)) + " Go on?")
    except click.Abort:
        confirmed = False
        click.echo(err=True)
    if not confirmed:
        sys.exit(DECLINED)


def rehearsed(sentence: str, count: int, *, as_json: bool) -> None:
    """Print what an act would have done to so many, where it was only tried (`--dry-run`)."""
    say(f"{sentence}; nothing was changed", {"count": count, "dry_run": True}, as_json=as_json)


def nothing_fits(*sentences: str, json: dict[str, Any] | None = None) -> NoReturn:
    """End the command: there is nothing that was meant. `json` is what it prints all the same."""
    if json is not None:
        print_json(json)
    for sentence in sentences:
        click.echo(on_one_line(sentence), err=True)
    sys.exit(NOTHING_FITS)


def counted(count: int, noun: str = "job", plural: str = "") -> str:
    """`1 job`, `1,234 jobs`, `2 processes`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def say(sentence: str, plain: dict[str, Any], *, as_json: bool) -> None:
    """Print what was done: in a sentence, or as JSON."""
    if as_json:
        print_json(plain)
    else:
        click.echo(sentence)


def print_json(value: dict[str, Any]) -> None:
    """Print one object as JSON; what is listed has a name in it. What JSON does not have stands as text."""
    indent = 2 if sys.stdout.isatty() else None
    click.echo(dumps(value, indent=indent, default=str, ensure_ascii=False))
