"""One thing that `osmod check` found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is. Only `error` makes `osmod check` exit with 1."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """A sentence that says what is so, and for a warning or an error what to do."""

    level: Level
    message: str


def ok(message: str) -> Finding:
    """As it should be."""
    return Finding(Level.OK, message)


def warning(message: str) -> Finding:
    """Works, but will hurt."""
    return Finding(Level.WARNING, message)


def error(message: str) -> Finding:
    """Does not work."""
    return Finding(Level.ERROR, message)
