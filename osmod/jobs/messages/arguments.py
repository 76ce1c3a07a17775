"""A job's arguments by name, and without what must not be shown.

OSMod's senders write `commentId` where the function says `comment_id`, and arguments may come by position:
whoever looks for a job should not have to know which. Names here are the function's own.
"""

from __future__ import annotations

import difflib
import inspect
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import takewhile
from typing import Any

from dramatiq import Actor

from osmod.jobs.errors import UnknownArgument

#: What stands in the place of a masked value.
MASK = "•••"
#: Texts shorter than this are not looked for in errors and logs: they would be found everywhere.
_SHORTEST_SECRET = 4
#: Of a longer text this much is looked for, too, in case it was cut where it was quoted.
_BEGINNING = 12


def named(actor: Actor[Any, Any] | None, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments by the actor's own names for them.

    Of an actor that is not declared in this process, and beyond its parameters, positional arguments are
    called `0`, `1`, … and the others keep the names that they came with.
    """
    names = parameters(actor)
    found: dict[str, Any] = {
        names[at] if at < len(names) else str(at): value for at, value in enumerate(args)
    }
    for name, value in kwargs.items():
        snake = snake_case(name)
        found[snake if snake in names else name] = value
    return found


def parameters(actor: Actor[Any, Any] | None) -> tuple[str, ...]:
    """The names of an actor's parameters, in order; of an unknown actor, none."""
    return _parameters(actor.fn) if actor is not None else ()


def check_names(actor: Actor[Any, Any], given: Mapping[str, Any]) -> None:
    """Refuse arguments by names that an actor does not take. Every send asks, so what it takes is read once.

    Raises:
      UnknownArgument: names the first of them, and what was meant.
    """
    taken = _taken(actor.fn)
    if taken is not None and not given.keys() <= taken:
        unknown = next(name for name in given if name not in taken)
        near = difflib.get_close_matches(unknown, parameters(actor), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"it takes {', '.join(parameters(actor)) or 'none'}."
        raise UnknownArgument(f"{actor.actor_name} takes no argument {unknown!r}: {hint}")


def takes(actor: Actor[Any, Any], name: str) -> bool:
    """Whether an actor takes an argument of that name, in a spelling in which it is sent."""
    taken = _taken(actor.fn)
    return taken is None or name in taken


@lru_cache(maxsize=1024)
def snake_case(name: str) -> str:
    """`commentId` as `comment_id`."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def camel_case(name: str) -> str:
    """`comment_id` as `commentId`."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def is_sensitive(actor: Actor[Any, Any] | None, name: str, value: Any) -> bool:
    """Whether an argument is masked where it is shown.

    An actor's option `sensitive=("text",)` names them. Nobody can say which arguments of an actor unknown
    to this process are, so of those every text is, and every structure that may hold one.
    """
    if actor is None:
        return not isinstance(value, (int, float, bool, type(None)))
    return snake_case(name) in {snake_case(one) for one in actor.options.get("sensitive", ())}


def masked(actor: Actor[Any, Any] | None, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The same arguments, the sensitive ones as `MASK`."""
    return {name: MASK if is_sensitive(actor, name, value) else value for name, value in arguments.items()}


def secrets(actor: Actor[Any, Any] | None, arguments: Mapping[str, Any]) -> list[str]:
    """The texts in the arguments that are masked, longest first: none of them may stand in an error shown."""
    if actor is not None and not actor.options.get("sensitive"):
        return []
    texts = {
        text
        for name, value in arguments.items()
        if is_sensitive(actor, name, value)
        for text in _texts(value)
        if len(text) >= _SHORTEST_SECRET
    }
    # An error may show a text as `repr` does, or as JSON does.
    texts |= {written(text)[1:-1] for text in texts for written in (repr, json.dumps)}
    return sorted(texts, key=len, reverse=True)


def scrubbed(text: str, hidden: Iterable[str]) -> str:
    """A text without the secrets in it, nor the beginnings of long ones."""
    # Whole ones first: the beginning of one may be that of another, written in a different way.
    begun: dict[str, list[str]] = {}
    for secret in hidden:
        text = text.replace(secret, MASK)
        if len(secret) > _BEGINNING:
            begun.setdefault(secret[:_BEGINNING], []).append(secret)
    for beginning, written in begun.items():
        while (at := text.find(beginning)) >= 0:
            end = at + max(_alike(text[at:], secret) for secret in written)
            text = text[:at] + MASK + text[end:]
    return text


def _alike(one: str, other: str) -> int:
    """With how many of the same characters two texts begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def shown(actor_name: str, arguments: Mapping[str, Any], longest: int = 200) -> str:
    """A job in one line, as a call. Mask the arguments first."""
    inside = ", ".join(
        f"{name}={value if value == MASK else repr(value)}" for name, value in arguments.items()
    )
    line = f"{actor_name}({inside})"
    return line if len(line) <= longest else line[: longest - 1] + "…"


def described(actor: Actor[Any, Any] | None, message: Any) -> str:
    """A message in one line, as a call by the function's names, without what its actor calls sensitive."""
    return shown(message.actor_name, masked(actor, named(actor, message.args, message.kwargs)))


def logged(actor: Actor[Any, Any] | None, message: Any) -> str:
    """A message as Dramatiq shows it in logs and errors, or described if something in it is sensitive."""
    sensitive = actor is not None and actor.options.get("sensitive")
    return described(actor, message) if sensitive else str(message)


@lru_cache(maxsize=1024)
def _parameters(function: Any) -> tuple[str, ...]:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return ()
    positional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return tuple(name for name, one in signature.parameters.items() if one.kind not in positional)


@lru_cache(maxsize=1024)
def _taken(function: Any) -> frozenset[str] | None:
    """The names by which a function takes arguments, in every spelling of a payload's; None: any."""
    payload = getattr(function, "payload", None)
    if payload is not None:
        return frozenset(payload.names)
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(one.kind is one.VAR_KEYWORD for one in found):
        return None
    unnamed = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL)
    return frozenset(one.name for one in found if one.kind not in unnamed)


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(inner)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
