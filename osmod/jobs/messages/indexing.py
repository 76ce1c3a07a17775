"""The numbers under which a message is found by its arguments: the entries of the indexes that its actor names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from dramatiq import Actor

from osmod.jobs.messages.arguments import named

#: Whole numbers up to this are their own number in an index; a score holds no larger one exactly.
_EXACT = 2**52


def number_of(value: Any) -> int:
    """The number under which jobs with this value of an argument are found.

    Values that share a number by chance cost a look; whoever searches compares the argument itself.
    """
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _EXACT:
        return value
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return int(hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:12], 16)


def index_entries(
    actor: Actor[Any, Any] | None, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> dict[str, int]:
    """The arguments by which a message is to be found, each with its number."""
    names = indexed_by(actor)
    if not names:
        return {}
    arguments = named(actor, args, kwargs)
    return {name: number_of(arguments[name]) for name in names if name in arguments}


def indexed_by(actor: Actor[Any, Any] | None) -> tuple[str, ...]:
    """The arguments by which an actor's jobs are indexed."""
    return tuple(actor.options.get("index") or ()) if actor is not None else ()
