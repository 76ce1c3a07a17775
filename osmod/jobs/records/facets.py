"""How many jobs there are by state, queue and actor, for whoever is about to choose: cheap however many there are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from osmod.jobs.queue.presence import known_queues
from osmod.jobs.records.filters import STATES, JobFilter
from osmod.jobs.records.indexes import index_names
from osmod.jobs.records.walking import sizes_of
from osmod.jobs.states import JobState
from osmod.jobs.wire.queues import Queues
from osmod.jobs.wire.scripts import Script

_TALLY = Script(Path(__file__).parent / "lua" / "tally.lua")

#: Jobs looked at of each actor, and of one that is asked for: the newest.
EACH = 200
OF_ONE = 5_000


@dataclass(frozen=True)
class Tally:
    """So many jobs, or, with `more`, at least so many."""

    count: int
    more: bool = False

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.count + other.count, self.more or other.more)


@dataclass(frozen=True)
class Facets:
    """The jobs by what can be chosen next to what is asked for.

    Attributes:
      states: of the queue and the actor asked for.
      queues: in the states asked for, exactly.
      actors: of the queue, in the states asked for; those of which there is none are left out.
    """

    states: dict[JobState, Tally]
    queues: dict[str, Tally]
    actors: dict[str, Tally]


def facets(broker: Queues, wanted: JobFilter | None = None) -> Facets:
    """How many jobs there are by state, queue and actor; of what is asked for, state, queue and actor count.

    By state and queue the sizes of sets say it. Actors have an index of their jobs, in which there are those of
    jobs that are gone: the newest of each are looked at, a few milliseconds of Redis in all.
    """
    wanted = wanted or JobFilter()
    states = wanted.states or STATES
    queues = known_queues(broker)
    sizes = {name: sizes_of(broker, name)[0] for name in queues}
    chosen = [name for name in queues if wanted.queue in (None, name)]
    of_actors = _of_actors(broker, chosen, wanted.actor)
    by_size = {state: Tally(sum(sizes[name][state] for name in chosen)) for state in STATES}
    _leave_out_gone(of_actors, by_size)
    nothing = dict.fromkeys(STATES, Tally(0))
    actors = {name: sum((found[state] for state in states), Tally(0)) for name, found in of_actors.items()}
    return Facets(
        states=of_actors.get(wanted.actor, nothing) if wanted.actor else by_size,
        queues={name: Tally(sum(of_queue[state] for state in states)) for name, of_queue in sizes.items()},
        actors={
            name: tally
            for name, tally in sorted(actors.items())
            if tally.count or tally.more or name == wanted.actor
        },
    )


def _of_actors(broker: Queues, queues: list[str], asked_for: str | None) -> dict[str, dict[JobState, Tally]]:
    """The jobs of each actor by their states."""
    found: dict[str, dict[JobState, Tally]] = defaultdict(lambda: dict.fromkeys(STATES, Tally(0)))
    for queue in queues:
        names = [
            index.removeprefix("actor:") for index in index_names(broker, queue) if index.startswith("actor:")
        ]
        for portion, most in _portions(names, asked_for):
            arguments = [b"%d" % most, *(name.encode() for name in portion)]
            rows = _TALLY.run(broker.links, broker.key_base(queue), arguments)
            for name, (*counts, more) in zip(portion, rows, strict=True):
                for state, count in zip(STATES, counts, strict=True):
                    found[name][state] += Tally(count, bool(more))
    return found


def _leave_out_gone(of_actors: dict[str, dict[JobState, Tally]], by_size: dict[JobState, Tally]) -> None:
    """Where all jobs of a state were met there are no more of any actor: what its index has beside is gone."""
    for state, size in by_size.items():
        if sum(found[state].count for found in of_actors.values()) >= size.count:
            for found in of_actors.values():
                found[state] = Tally(found[state].count)


def _portions(names: list[str], asked_for: str | None) -> list[tuple[list[str], int]]:
    """Which actors are looked at together, each of them how closely."""
    others = [name for name in names if name != asked_for]
    portions = [(others[at : at + 10], EACH) for at in range(0, len(others), 10)]
    return [*portions, ([asked_for], OF_ONE)] if asked_for in names and asked_for else portions
