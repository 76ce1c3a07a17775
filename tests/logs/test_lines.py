"""A line is one line and an object is an object, whatever is logged."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from osmod.jobs.logs.lines import LineFormatter

_ACTING = "\x1b[31mred\x9b0m\x07\x7f\r\x85\u2028"


def line(message: str, *args: Any, json: bool = False, name: str = "some.library", **fields: Any) -> str:
    """What is written of a call of `logging`."""
    record = logging.makeLogRecord(
        {"name": name, "msg": message, "args": args, "levelno": 30, "levelname": "WARNING"} | fields
    )
    return LineFormatter(json=json).format(record)


def test_nothing_in_a_line_acts_on_a_terminal() -> None:
    """Neither the sentence, nor the logger, nor a field or its name can paint over other lines or feign one."""
    fields: dict[str, Any] = {f"f{_ACTING}\n": f"v{_ACTING}\n"}
    said = line(f"a{_ACTING}b\nc", name=f"l{_ACTING}\n", **fields)
    assert said.isprintable()
    assert r"a\x1b[31mred\x9b0m\x07\x7f\r\x85\u2028b\nc" in said


@pytest.mark.parametrize("value", [{(1, 2): 3}, float("nan"), [float("inf")], object(), b"\xff", "\udcff"])
def test_what_json_does_not_have_stands_as_text(value: object) -> None:
    """A line of JSON can be read by whoever holds to the standard."""
    said = json.loads(line("a", json=True, field=value), parse_constant=pytest.fail)
    assert "a" == said["event"]
    assert isinstance(said["field"], str | list)


class _Unshowable:
    def __str__(self) -> str:
        raise RuntimeError("secret")


@pytest.mark.parametrize("args", [("secret",), ("secret", "secret", "secret"), (_Unshowable(), "secret")])
@pytest.mark.parametrize("as_json", [False, True])
def test_a_call_that_cannot_be_filled_in_is_a_line(args: tuple[object, ...], as_json: bool) -> None:
    """`logging` would write a traceback of many lines, with the values."""
    said = line("%s is %s", *args, json=as_json)
    assert "'%s is %s' cannot be filled in (" in said
    assert "\n" not in said
    assert "secret" not in said
