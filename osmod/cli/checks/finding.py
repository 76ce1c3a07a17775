"""One thing that `osmod check` found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is, from well to worst. The worst of all findings decides the exit code of `osmod check`."""

    OK = "ok"
    NOTE = "note"
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


def note(message: str) -> Finding:
    """Could be better, and may stay as it is."""
    return Finding(Level.NOTE, message)


def warning(message: str) -> Finding:
    """Works, but hurts or will hurt."""
    return Finding(Level.WARNING, message)


def error(message: str) -> Finding:
    """Does not work."""
    return Finding(Level.ERROR, message)
