"""What is typed as options and arguments, where more must hold of it than click can see."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import click

#: Seconds between two looks, and until a command ends, at most: a day.
LONGEST = 86_400


class Name(click.ParamType):  # type: ignore[type-arg]
    """A name. An empty one, as an unset variable of a shell leaves it, is none: it must not mean all there is."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name. Fails the command, exit code 2, on an empty text."""
        if not value:
            self.fail("it is empty: name one, or leave it out.", param, ctx)
        return str(value)


class Seconds(click.FloatRange):
    """A number of seconds, from so many on, up to a day."""

    def __init__(self, least: float) -> None:
        super().__init__(least, LONGEST)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number. Fails the command, exit code 2, on one out of the range, and on NaN, which is in every range."""
        seconds = float(super().convert(value, param, ctx))
        if math.isnan(seconds):
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        return seconds


def named_values(typed: Iterable[str]) -> dict[str, str]:
    """Arguments of a job, each typed as `name=value`.

    Raises:
      click.UsageError: one has another form, or a name is there twice: either value might have been meant.
    """
    found: dict[str, str] = {}
    for text in typed:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.UsageError(f"{text!r}: expected name=value, such as comment_id=12.")
        if name in found:
            raise click.UsageError(f"{name} is given twice, as {found[name]!r} and as {value!r}.")
        found[name] = value
    return found
