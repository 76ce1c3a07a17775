"""How many jobs ended a minute, for up to a day back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from osmod.jobs.wire.queues import Queues
from osmod.jobs.wire.scripts import Script

_MINUTES = Script(Path(__file__).parent / "lua" / "minutes.lua")

#: What is noted, in this order.
NOTED = ("done", "failed", "retried", "cancelled")


@dataclass(frozen=True)
class Ended:
    """What became of jobs in some stretch of time."""

    done: int = 0
    failed: int = 0
    retried: int = 0
    cancelled: int = 0

    def __add__(self, other: Ended) -> Ended:
        """Both together."""
        return Ended(*(mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)))

    @property
    def counts(self) -> tuple[int, ...]:
        """In the order of `NOTED`."""
        return (self.done, self.failed, self.retried, self.cancelled)


def ended_by_minute(broker: Queues, queues: Iterable[str], minutes: int) -> list[Ended]:
    """What ended in each of the last minutes, oldest first, all queues together; the last is the one that runs.

    Raises:
      redis.RedisError, OSError: Redis is away.
    """
    found = [Ended()] * minutes
    for name in queues:
        answer = _MINUTES.run(broker.links, broker.key_base(name), [])
        noted = [tuple(map(int, words.split())) for words in answer]
        for minute, ended in differences(noted):
            place = minute - noted[-1][0] + minutes - 1
            if 0 <= place < minutes:
                found[place] += ended
    return found


def differences(noted: Sequence[tuple[int, ...]]) -> list[tuple[int, Ended]]:
    """What was counted from each note to the next, by the minute in which the first of both was made.

    Notes are made early in each minute as long as a worker lives, so that is when it was counted. Counters that have
    become smaller began anew.

    Parameters:
      noted: the minute, then the counters in the order of `NOTED`; the last is what is counted now.
    """
    in_order = [*sorted(noted[:-1]), noted[-1]]
    return [(earlier[0], _between(earlier, later)) for earlier, later in pairwise(in_order)]


def _between(earlier: tuple[int, ...], later: tuple[int, ...]) -> Ended:
    counts = zip(earlier[1:], later[1:], strict=True)
    return Ended(*(new - old if new >= old else new for old, new in counts))


def gathered(minutes: Sequence[Ended], size: int) -> list[Ended]:
    """So many minutes together, from the end; those that are left over at the beginning are left out."""
    first = len(minutes) % size
    return [sum(minutes[at : at + size], Ended()) for at in range(first, len(minutes), size)]
