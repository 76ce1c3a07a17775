"""Jobs that there is one of: the second `enqueue` gives the job that is there already, and says so.

Options, on the actor or on the message:

- `unique`: what makes two jobs the same. A text is the key itself; `("comment_id",)` makes one of the actor
  and these arguments, `True` of the actor and all its arguments. `False` on a message turns the actor's off.
- `unique_until`: `"done"` (the default): until the job has ended, in whichever way. `"started"`: while it
  waits or is delayed, so that one more may wait while one runs. If the one that ran lines up again, for a
  retry or because its worker stopped or died, it takes the key again if it is free; if one more waits by then,
  that one has the key, and both will run.
- `unique_for`: for a period from when it was sent, whatever becomes of the job: `"5 minutes"`, a `timedelta`,
  or milliseconds.
- `unique_ttl`: milliseconds after which a key frees itself at the latest should all else fail, counted from
  when the job is due; a day unless said otherwise.

A key belongs to a job and to its queue. It is free again after the job is done, failed, cancelled or deleted,
or was failed because its workers died; also when no record of the job is kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from dramatiq import Actor, Message

from osmod.jobs.durations import parse_duration
from osmod.jobs.errors import InvalidOption
from osmod.jobs.messages.arguments import named, parameters
from osmod.jobs.messages.bounds import check_span, check_text

UNIQUE_OPTIONS = frozenset({"unique", "unique_ttl", "unique_for", "unique_until"})
#: Milliseconds after which a unique key frees itself, should all else fail: a day.
DEFAULT_UNIQUE_TTL = 86_400_000
UNTIL = ("done", "started")
#: Characters of arguments that stand in a key as they are; longer ones as a digest.
_READABLE = 100


def check_unique(options: dict[str, Any], owner: str, actor: Actor[Any, Any] | None) -> None:
    """Check the options of an actor or a message; `unique_for` is put into milliseconds.

    Raises:
      InvalidOption: a value makes no sense, or names an argument that the actor does not take.
    """
    unique = options.get("unique")
    if isinstance(unique, Sequence) and not isinstance(unique, str):
        known = parameters(actor)
        for name in unique:
            if not isinstance(name, str) or (known and name not in known):
                raise InvalidOption(f"unique={unique!r}: {owner} takes {', '.join(known)}, not {name!r}")
    elif not isinstance(unique, (str, bool, type(None))) or unique == "":
        raise InvalidOption(f"unique={unique!r}: expected a key, True, or names of arguments")
    if options.get("unique_until", "done") not in UNTIL:
        raise InvalidOption(f"unique_until={options['unique_until']!r}: expected 'done' or 'started'")
    if options.get("unique_for") is not None:
        options["unique_for"] = _millis(options["unique_for"])
    ttl = options.get("unique_ttl", 1)
    if isinstance(ttl, bool) or not isinstance(ttl, int) or ttl < 1:
        raise InvalidOption(f"unique_ttl={ttl!r}: expected milliseconds, at least 1")
    check_span(unique_ttl=ttl)


def unique_terms(
    message: Message[Any], actor: Actor[Any, Any] | None, defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """What the enqueue script is told: key, how long it holds at most, until when; nothing if any may do."""
    options = message.options
    unique = options.get("unique", defaults.get("unique"))
    if unique is None or unique is False:
        return {}
    period = options.get("unique_for", defaults.get("unique_for"))
    until = options.get("unique_until", defaults.get("unique_until", "done"))
    ttl = options.get("unique_ttl", defaults.get("unique_ttl", DEFAULT_UNIQUE_TTL))
    key = unique if isinstance(unique, str) else key_of(message, actor, unique)
    check_text("unique", key)
    return {
        "unique": key,
        "unique_ttl": period or ttl,
        "unique_until": "period" if period else until,
    }


def key_of(message: Message[Any], actor: Actor[Any, Any] | None, chosen: Any) -> str:
    """The key of a message: its actor and the chosen arguments (`True`: all), defaults left out.

    Readable where it is short and holds nothing that the actor calls sensitive.
    """
    arguments = named(actor, message.args, message.kwargs)
    if chosen is not True:
        arguments = {name: arguments.get(name) for name in chosen}
    text = json.dumps(arguments, sort_keys=True, separators=(",", ":"), default=str)
    sensitive = set(actor.options.get("sensitive", ())) if actor is not None else set()
    if len(text) > _READABLE or sensitive & arguments.keys():
        text = hashlib.sha256(text.encode()).hexdigest()[:32]
    return f"{message.actor_name}:{text}"


def _millis(value: Any) -> int:
    if isinstance(value, str):
        try:
            value = parse_duration(value)
        except ValueError as error:
            raise InvalidOption(f"unique_for={value!r}: {error}") from None
    if isinstance(value, timedelta):
        value = int(value.total_seconds() * 1000)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidOption(f"unique_for={value!r}: expected a length of time such as '5 minutes'")
    check_span(unique_for=value)
    return value
