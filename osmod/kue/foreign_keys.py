"""Keys that are not what Kue keeps there: another program wrote to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from osmod.jobs.errors import RedisUnusable
from osmod.jobs.wire.resp import ServerError
from osmod.kue.keys import STATES, KueQueue

_IN_WORDS = {"zset": "sorted set"}


@dataclass(frozen=True)
class ForeignKey:
    """A key of one type of jobs, what it is, and what Kue keeps there; both as the command TYPE says it."""

    kind: str
    key: str
    found: str
    expected: str

    def __str__(self) -> str:
        found, expected = (_IN_WORDS.get(one, one) for one in (self.found, self.expected))
        return (
            f"jobs of {self.kind} are not taken: the key {self.key} is a {found}, not the {expected} that Kue keeps "
            "there; rename or delete it"
        )


def foreign_keys(queue: KueQueue, kinds: Iterable[str]) -> list[ForeignKey]:
    """The keys of these types of jobs that are something else.

    Raises:
      redis.RedisError: Kue's Redis cannot be asked.
    """
    places = [
        (kind, key, expected)
        for kind in kinds
        for key, expected in (
            *((queue.state(state, kind), "zset") for state in STATES),
            (queue.bell(kind), "list"),
        )
    ]
    asked = queue.client.pipeline(transaction=False)
    for _, key, _ in places:
        asked.type(key)
    return [
        ForeignKey(kind, key, found.decode(), expected)
        for (kind, key, expected), found in zip(places, asked.execute(), strict=True)
        if found.decode() not in (expected, "none")
    ]


def stopped_by_keys(error: ServerError | RedisUnusable) -> bool:
    """Whether a script was stopped by what stands in a key."""
    said = error.__cause__ if isinstance(error, RedisUnusable) else error
    return isinstance(said, ServerError) and said.code in ("ERR", "WRONGTYPE")
