"""Lengths of time on the command line."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import click

from osmod.jobs.durations import parse_duration

_SHORT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Duration(click.ParamType[timedelta]):
    """A length of time as it is typed: `30s`, `5m`, `2h`, `1d`, or in words as `parse_duration` takes it."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The length. Fails the command, exit code 2, on a text that is none."""
        if isinstance(value, timedelta):
            return value
        if short := re.fullmatch(r"([\d.]+)\s*([smhd])", value):
            value = f"{short[1]} {_SHORT[short[2]]}"
        try:
            return parse_duration(value)
        except ValueError as problem:
            self.fail(str(problem), param, ctx)
