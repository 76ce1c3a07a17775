"""The search for jobs as one line: `actor:sendCommentForScoring error:TimeoutError comment_id:12 since:2h "no answer"`.

What stands before the first colon of a term is its name, of which `QUALIFIERS` are those with a meaning of their own;
others are arguments of jobs, in either spelling, or, whatever they are called, after `arg.`. A value with blanks stands
between quotation marks, in which a backslash takes the next character as it is. A term without a name is an id, or a
text that is looked for. A term that makes no sense is named, and the rest is used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from osmod.jobs.messages.arguments import parameters, snake_case
from osmod.jobs.records.filters import STATES, JobFilter
from osmod.jobs.records.naming import AmbiguousId, meant
from osmod.jobs.records.typed import moment_of
from osmod.jobs.states import JobState
from osmod.jobs.wire.queues import Queues

#: The names with a meaning of their own, and what each says.
QUALIFIERS = {
    "state": f"one of {', '.join(STATES)}; several with commas",
    "actor": "the actor's name, in either spelling",
    "queue": "the queue's name",
    "error": "the class of the error by which the last run failed",
    "since": "from then on: 2h, 3d, 2026-05-01T12:00",
    "until": "up to then: 2h, 3d, 2026-05-01T12:00",
    "id": "the job's id, or six characters of its beginning",
    "parent": "sent by the job of this id while it ran",
}
#: What stands before the name of an argument that is called like a qualifier, or that no actor here takes.
ARGUMENT = "arg."
#: Those of which several say more than one.
_SEVERAL = frozenset({"id", "state"})

_NAME = re.compile(r"([A-Za-z_][\w.-]*|arg\.[^\s:\"]+):")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)("|$)')
_PAIR = re.compile(r"([A-Za-z_]\w*)=(.+)")
_ID = re.compile(r"[0-9a-f]{6,8}|[0-9a-f]{8}-[0-9a-f-]{0,27}")


@dataclass(frozen=True)
class Term:
    """One condition. `name` is empty for a text that is looked for."""

    name: str
    value: str

    def __str__(self) -> str:
        """The term as it is typed."""
        # What was typed without a name must not be read as one, nor as an id.
        others = (_NAME.match, _PAIR.fullmatch, _ID.fullmatch)
        taken_for_more = not self.name and any(reads(self.value) for reads in others)
        bare = self.value and not re.search(r'[\s"\\]', self.value) and not taken_for_more
        escaped = re.sub(r'(["\\])', r"\\\1", self.value)
        value = self.value if bare else f'"{escaped}"'
        return f"{self.name}:{value}" if self.name else value


@dataclass(frozen=True)
class Search:
    """A line that was read.

    Attributes:
      terms: what makes sense in it, in the order it was typed.
      wanted: which jobs that means.
      problems: a sentence for each term that makes none; those are not among the terms.
    """

    terms: tuple[Term, ...]
    wanted: JobFilter
    problems: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The line that means the same, in one form: what stands in the page's address."""
        return " ".join(map(str, self.terms))

    def value(self, name: str) -> str:
        """The value of a name, empty if it is not asked for."""
        return next((term.value for term in self.terms if term.name == name), "")

    def having(self, **changed: str) -> str:
        """The line with other values of names; an empty value takes the name away."""
        terms = [
            Term(term.name, changed.get(term.name, term.value))
            for term in {one.name if one.name in changed else one: one for one in self.terms}.values()
        ]
        names = {term.name for term in terms}
        terms += [Term(name, value) for name, value in changed.items() if name not in names]
        return " ".join(str(term) for term in terms if term.value)


def search(broker: Queues, line: str) -> Search:
    """What a line means in this process, with the names that actors have and whole ids."""
    found = read(line, known_arguments(broker))
    try:
        return replace(found, wanted=meant(broker, found.wanted))
    except AmbiguousId as error:
        sentence = str(error)
        without = tuple(term for term in found.terms if term.name not in ("id", "parent"))
        wanted = replace(found.wanted, ids=(), parent=None)
        problems = (*found.problems, f"id: {sentence}: write more of it.")
        return Search(without, meant(broker, wanted), problems)


def read(line: str, arguments: Collection[str] = ()) -> Search:
    """What a line means, where jobs have arguments of such names."""
    terms: list[Term] = []
    problems: list[str] = []
    wanted = JobFilter()
    for term in split(line):
        try:
            wanted = _with(wanted, term, arguments)
        except ValueError as error:
            problems.append(str(error))
            continue
        terms = [one for one in terms if one.name != term.name or not term.name or term.name in _SEVERAL]
        terms.append(term)
    return Search(tuple(terms), wanted, tuple(problems))


def written(wanted: JobFilter, arguments: Collection[str] = ()) -> str:
    """The line that means these jobs."""
    pairs: list[tuple[str, str | None]] = [
        *(("id", one) for one in wanted.ids),
        ("state", ",".join(wanted.states)),
        ("actor", wanted.actor),
        ("queue", wanted.queue),
        ("error", wanted.error),
        ("since", wanted.since.isoformat() if wanted.since else None),
        ("until", wanted.until.isoformat() if wanted.until else None),
        ("parent", wanted.parent),
        *((_argument(name, arguments), _typed(value)) for name, value in wanted.arguments.items()),
        *(("", word) for word in wanted.words),
    ]
    return " ".join(str(Term(name, value)) for name, value in pairs if value)


def known_arguments(broker: Queues) -> set[str]:
    """The arguments that the actors of this process take, as their functions call them."""
    return {name for actor in broker.actors.values() for name in parameters(actor)}


def split(line: str) -> Iterator[Term]:
    """The terms of a line, whatever they mean."""
    at = 0
    while (at := _after_blanks(line, at)) < len(line):
        name = ""
        if found := _NAME.match(line, at):
            name, at = found[1], found.end()
        if quoted := _QUOTED.match(line, at):
            at = quoted.end()
            yield Term(name, re.sub(r"\\(.)", r"\1", quoted[1]))
            continue
        begun, at = at, next((end for end in range(at, len(line)) if line[end].isspace()), len(line))
        value = line[begun:at]
        pair = _PAIR.fullmatch(value) if not name else None
        if pair:  # as on the command line
            yield Term(pair[1], pair[2])
        else:
            yield Term("id" if not name and _ID.fullmatch(value) else name, value)


def _after_blanks(line: str, at: int) -> int:
    while at < len(line) and line[at].isspace():
        at += 1
    return at


def _with(wanted: JobFilter, term: Term, arguments: Collection[str]) -> JobFilter:
    """The filter with one more condition.

    Raises:
      ValueError: it makes no sense; the message names it.
    """
    name, value = term.name, term.value
    if not value:
        raise ValueError(f"{name or 'A text'}: nothing is said; {QUALIFIERS.get(name, 'write a value')}.")
    if not name:
        return replace(wanted, words=(*wanted.words, value))
    if name == "id":
        return replace(wanted, ids=(*wanted.ids, value))
    if name == "state":
        return replace(wanted, states=tuple(dict.fromkeys([*wanted.states, *_states(value)])))
    if name in ("since", "until"):
        return replace(wanted, **{name: _moment(name, value)})
    if name in QUALIFIERS:
        told: dict[str, Any] = {name: value}
        return replace(wanted, **told)
    argument = name.removeprefix(ARGUMENT)
    if argument == name and arguments and snake_case(name) not in {snake_case(one) for one in arguments}:
        raise ValueError(_unknown(name, arguments))
    return replace(wanted, arguments={**wanted.arguments, argument: value})


def _states(value: str) -> list[JobState]:
    names = [state.value for state in STATES]
    for typed in (found := value.split(",")):
        if typed not in names:
            near = get_close_matches(typed, names, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}."
            raise ValueError(f"state: there is no state {typed!r}; {hint}")
    return [JobState(typed) for typed in found]


def _moment(name: str, value: str) -> Any:
    try:
        return moment_of(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _unknown(name: str, arguments: Collection[str]) -> str:
    near = get_close_matches(name, [*QUALIFIERS, *arguments], 1)
    hint = f"did you mean {near[0]!r}?" if near else f"as an argument of jobs, write {ARGUMENT}{name}:…"
    return f"Nothing is known by {name!r}; {hint}"


def _argument(name: str, arguments: Collection[str]) -> str:
    taken = {snake_case(one) for one in arguments}
    return (
        name if name not in QUALIFIERS and (not taken or snake_case(name) in taken) else f"{ARGUMENT}{name}"
    )


def _typed(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
