"""What may come next in the line by which jobs are searched for: lines that go on from what was typed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from osmod.jobs.messages.arguments import snake_case
from osmod.jobs.queue.presence import known_queues
from osmod.jobs.records.filters import STATES
from osmod.jobs.records.names import known_actors, known_errors
from osmod.jobs.records.search import QUALIFIERS, Term, known_arguments
from osmod.jobs.wire.queues import Queues

_TIMES = ("10m", "1h", "2h", "1d", "1w")


@dataclass(frozen=True)
class Suggestion:
    """A line that goes on from what was typed, and what the end of it means, or nothing."""

    line: str
    meaning: str = ""


def suggestions(broker: Queues, typed: str, most: int = 20) -> list[Suggestion]:
    """The lines that complete the last term: names, then what values of a name there are. Redis is asked little.

    A name or value is suggested that begins as what was typed, then those that have it in them.
    """
    before, _, last = typed.rpartition(" ")
    if typed.count('"') % 2:
        return []
    before = f"{before} " if before else ""
    name, colon, value = last.partition(":")
    if not colon:
        named = {f"{one}:": said for one, said in QUALIFIERS.items()}
        named |= {
            f"{one}:": "an argument" for one in sorted(known_arguments(broker)) if one not in QUALIFIERS
        }
        return [Suggestion(before + one, named[one]) for one in _near(last, named)][:most]
    chosen, comma, begun = value.rpartition(",") if name == "state" else ("", "", value)
    near = _near(begun, _values(broker, name))
    return [Suggestion(f"{before}{Term(name, chosen + comma + one)}") for one in near][:most]


def _values(broker: Queues, name: str) -> Iterable[str]:
    match name:
        case "state":
            return [state.value for state in STATES]
        case "actor":
            return sorted(known_actors(broker))
        case "queue":
            return sorted(known_queues(broker))
        case "error":
            return sorted(known_errors(broker))
        case "since" | "until":
            return _TIMES
        case _:
            return ()


def _near(typed: str, known: Iterable[str]) -> list[str]:
    wanted = snake_case(typed).replace("_", "")
    plain = {one: one.lower().replace("_", "") for one in known}
    begin = [one for one, text in plain.items() if text.startswith(wanted)]
    hold = [one for one, text in plain.items() if wanted in text and one not in begin]
    return [*begin, *hold]
