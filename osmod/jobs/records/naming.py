"""What was meant by what was typed: actors in either spelling, jobs by how their ids begin, "did you mean"."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches

from osmod.jobs.messages.arguments import snake_case
from osmod.jobs.queue.presence import known_queues
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.names import ids_beginning, known_actors, known_errors
from osmod.jobs.records.reading import get_job
from osmod.jobs.wire.queues import Queues

#: Characters of an id that are enough to try, and those of a whole one.
_BEGINNING, _WHOLE = 6, 36


class AmbiguousId(ValueError):
    """Several jobs have ids that begin as what was typed."""


def meant(broker: Queues, wanted: JobFilter) -> JobFilter:
    """The jobs that are meant, with the names that actors have and whole ids.

    Raises:
      AmbiguousId: an id is the beginning of several.
    """
    actor = actor_name(broker, wanted.actor) if wanted.actor else wanted.actor
    parent = job_id(broker, wanted.parent) if wanted.parent else wanted.parent
    return replace(wanted, actor=actor, ids=tuple(job_id(broker, one) for one in wanted.ids), parent=parent)


def actor_name(broker: Queues, typed: str) -> str:
    """The name of the actor that is meant: `accept_comments` is `acceptComments`. What is unknown stays."""
    if typed in broker.actors:
        return typed
    snake = snake_case(typed)
    return next((name for name in sorted(known_actors(broker)) if snake_case(name) == snake), typed)


def job_id(broker: Queues, typed: str) -> str:
    """The id that is meant: itself, or the only one that begins so. What is unknown stays.

    Raises:
      AmbiguousId: several begin so.
    """
    if not _BEGINNING <= len(typed) < _WHOLE or get_job(broker, typed) is not None:
        return typed
    found = ids_beginning(broker, typed)
    if len(found) > 1:
        raise AmbiguousId(f"several jobs have ids that begin with {typed}: {', '.join(found)}, …")
    return found[0] if found else typed


def unknown(broker: Queues, wanted: JobFilter) -> list[str]:
    """Why nothing may have been found: a sentence for each name that nothing is known by."""
    asked: list[tuple[str, str | None, Iterable[str]]] = [
        ("actor", wanted.actor, known_actors(broker) if wanted.actor else ()),
        ("queue", wanted.queue, known_queues(broker) if wanted.queue else ()),
        ("error", wanted.error, known_errors(broker) if wanted.error else ()),
    ]
    sentences = [
        f"No {what} is called {typed!r}; {suggested(typed, known)}"
        for what, typed, known in asked
        if typed and typed not in known
    ]
    short = [one for one in wanted.ids if len(one) < _BEGINNING]
    return sentences + [
        f"{one!r} is too short for the beginning of an id: write {_BEGINNING} characters." for one in short
    ]


def suggested(typed: str, known: Iterable[str]) -> str:
    """`did you mean 'default'?`, or what there is."""
    names = sorted(known)
    near = get_close_matches(typed, names, 1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names) or 'none'}."
