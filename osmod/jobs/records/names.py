"""The names by which jobs can be asked for: actors, error classes, ids by their beginnings."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from osmod.jobs.queue.presence import known_queues
from osmod.jobs.records.indexes import index_names
from osmod.jobs.wire.queues import Queues


def known_actors(broker: Queues) -> set[str]:
    """The actors that this process declares, and those that there may be jobs of."""
    return {*broker.actors, *_indexed(broker, "actor:")}


def known_errors(broker: Queues) -> set[str]:
    """The classes of errors that jobs failed by."""
    return {name for name in _indexed(broker, "error:") if name}


def ids_beginning(broker: Queues, beginning: str, most: int = 2) -> list[str]:
    """The ids, at most so many, of jobs whose ids begin so.

    There is no index of ids: Redis goes through the names of all keys, some hundred thousand a second, in steps
    that hold up nobody.
    """
    pattern = f"{literal(broker.namespace)}:{{*}}:job:{literal(beginning)}*"
    keys = broker.client.scan_iter(match=pattern, count=1000)
    ids = (key.decode().partition("}:job:")[2] for key in keys)
    return sorted(islice(_each_once(ids), most))


def literal(text: str) -> str:
    """A text as a part of a pattern that means just this text."""
    return "".join(f"\\{character}" if character in "*?[]\\^" else character for character in text)


def _indexed(broker: Queues, kind: str) -> set[str]:
    names = (name for queue in known_queues(broker) for name in index_names(broker, queue))
    return {name.removeprefix(kind) for name in names if name.startswith(kind)}


def _each_once(ids: Iterator[str]) -> Iterator[str]:
    # SCAN may name a key twice, and an id may be in two queues.
    met: set[str] = set()
    for one in ids:
        if one not in met:
            met.add(one)
            yield one
