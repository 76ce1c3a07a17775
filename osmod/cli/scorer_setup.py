"""Making scorers, and changing, enabling and disabling them: `osmod scorers add`, `configure`, `enable`, `disable`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import click

from osmod.access.accounts import check_name
from osmod.cli.checks.database import open_engine
from osmod.cli.queue_access import EXIT_CODES, because, nothing_fits, say
from osmod.cli.row_ids import ROW_ID
from osmod.jobs.setup import ensure_broker
from osmod.operating.scorer_setup import NameTaken, NoSuchScorer, Operator
from osmod.scorers import BadScorerConfig
from osmod.settings import get_settings

_WHICH = click.argument("scorer_id", metavar="ID", type=ROW_ID)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _of_config(*, required: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    extra = click.option(
        "--extra",
        "source",
        type=click.File(encoding="utf-8"),
        required=required,
        metavar="FILE",
        help="Holds its users.extra, a JSON object (docs/scorers.md); - for standard input.",
    )
    key = click.option(
        "--key",
        "asks_key",
        is_flag=True,
        help="Ask for its apiKey without showing it, or read it from standard input. Never an argument: those are "
        "seen by others.",
    )
    return lambda command: extra(key(command))


@click.command(epilog=EXIT_CODES)
@click.argument("name")
@_of_config(required=True)
@because
@_json
def add(name: str, source: TextIO, asks_key: bool, reason: str, as_json: bool) -> None:
    """Make a scorer that is off: nobody asks it until it was tried and is enabled.

    \b
    Examples:
      osmod scorers add toxic-bert --extra toxic-bert.json
      osmod scorers add OpenAI --extra openai.json --key
    """
    check_name(name)
    change = _change(source, asks_key)
    with _operator(reason, as_json) as operator:
        scorer_id = operator.add(name, change({}))
    _say_what_is_next(f"scorer {scorer_id} ({name.strip()}) is made, and off", scorer_id, as_json=as_json)


@click.command(epilog=EXIT_CODES)
@_WHICH
@_of_config(required=False)
@because
@_json
def configure(scorer_id: int, source: TextIO | None, asks_key: bool, reason: str, as_json: bool) -> None:
    """Change how the scorer ID is asked, from the next comment on: all of its users.extra, or its key alone.

    \b
    Examples:
      osmod scorers configure 7 --key
      osmod scorers configure 9 --extra toxic-bert.json
    """
    if source is None and not asks_key:
        raise click.UsageError("say what is to change: --extra, --key or both.")
    change = _change(source, asks_key)
    with _operator(reason, as_json) as operator:
        is_active = operator.configure(scorer_id, change)
    since = "from now on" if is_active else "from now on, once it is enabled"
    _say_what_is_next(f"scorer {scorer_id} is asked so {since}", scorer_id, as_json=as_json)


@click.command(epilog=EXIT_CODES)
@_WHICH
@because
@_json
def enable(scorer_id: int, reason: str, as_json: bool) -> None:
    """Have the scorer ID asked about every comment from now on."""
    with _operator(reason, as_json) as operator:
        done = operator.enable(scorer_id)
    _said(f"scorer {scorer_id} is on", done, as_json=as_json)


@click.command(epilog=EXIT_CODES)
@_WHICH
@because
@_json
def disable(scorer_id: int, reason: str, as_json: bool) -> None:
    """Have the scorer ID asked no more. Its scores stay; what waits for it the heartbeat sends to those that are on."""
    with _operator(reason, as_json) as operator:
        done = operator.disable(scorer_id)
    _said(f"scorer {scorer_id} is off", done, as_json=as_json)


def _say_what_is_next(sentence: str, scorer_id: int, *, as_json: bool) -> None:
    advice = f"next: osmod scorers test 'You are an idiot' --scorer {scorer_id}"
    say(f"{sentence}; {advice}", {"id": scorer_id}, as_json=as_json)


def _said(sentence: str, done: bool, *, as_json: bool) -> None:
    if not done:
        nothing_fits(f"{sentence} already.", json={"changed": False} if as_json else None)
    say(sentence, {"changed": True}, as_json=as_json)


@contextmanager
def _operator(reason: str, as_json: bool) -> Iterator[Operator]:
    """Whoever types this, on the database and the queue of the settings; what is refused ends the command."""
    try:
        with open_engine(get_settings()) as engine:
            yield Operator(engine, ensure_broker(), reason)
    except (BadScorerConfig, NameTaken) as error:
        raise click.ClickException(str(error)) from None
    except NoSuchScorer as error:
        nothing_fits(
            f"{error}: `osmod scorers list` shows those that there are.",
            json={"changed": False} if as_json else None,
        )


def _change(source: TextIO | None, asks_key: bool) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What the options make of an `extra`; read at once, before anything is changed."""
    extra = None if source is None else _object(source)
    key = {"apiKey": _key(source)} if asks_key else {}
    return lambda before: (before if extra is None else extra) | key


def _object(source: TextIO) -> dict[str, Any]:
    try:
        read = json.load(source, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise click.ClickException(f"--extra: {source.name} holds no JSON ({error}).") from None
    if not isinstance(read, dict):
        raise click.ClickException(
            f'--extra: {source.name} must hold a JSON object, as {{"endpointType": "local"}}; it is another value.'
        )
    return read


def _key(source: TextIO | None) -> str:
    if sys.stdin.isatty():
        return str(click.prompt("apiKey", hide_input=True)).strip()
    if source is sys.stdin:
        raise click.UsageError("--extra reads standard input already: put apiKey there, in place of --key.")
    if not (key := sys.stdin.readline().strip()):
        raise click.UsageError("--key: no key came on standard input.")
    return key


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")
