"""What is said of each comment that was sent: `{line, sourceId, status, commentId}`, or `refused` and why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, NoReturn

from pydantic import ValidationError

from osmod.moderation.incoming import IncomingComment
from osmod.moderation.models import whole
from osmod.task.taking_in import Intake
from osmod.web.api.ingest.lines import LONGEST, Line

REFUSED = "refused"

_intake = Intake()


class BadLine(Exception):
    """A line is no JSON; the message says so."""


class Sent(NamedTuple):
    """One thing that was sent: the number of its line, or its place in a list, both counted from 1."""

    line: int
    value: Any


def read_json(data: bytes) -> Any:
    """JSON, without NaN and infinities, which are none.

    Raises:
      BadLine: it is something else.
    """
    try:
        value = json.loads(data, parse_constant=_no_constant)
        return whole(value) if b"\\ud" in data.lower() else value
    except (ValueError, RecursionError):
        raise BadLine("this is no JSON") from None


def take_lines(lines: Sequence[Line], owner_id: int | None) -> list[dict[str, Any]]:
    """Take in the comments of lines; an answer for each line, in their order."""
    answers: dict[int, dict[str, Any]] = {}
    sent: list[Sent] = []
    for number, data in lines:
        try:
            if data is None:
                raise BadLine(f"this has more than {LONGEST} bytes, which is the most here")
            sent.append(Sent(number, read_json(data)))
        except BadLine as error:
            answers[number] = _refused(number, None, "line", str(error))
    answers |= {answer["line"]: answer for answer in take(sent, owner_id)}
    return [answers[number] for number, _ in lines]


def take(sent: Sequence[Sent], owner_id: int | None) -> list[dict[str, Any]]:
    """Take in comments; an answer for each, in their order. One that is refused keeps no other from being taken.

    Parameters:
      owner_id: the user to whom new ones belong.
    """
    answers: dict[int, dict[str, Any]] = {}
    comments: list[tuple[int, IncomingComment]] = []
    for line, value in sent:
        try:
            comments.append((line, IncomingComment.model_validate(value)))
        except ValidationError as error:
            answers[line] = _explained(line, value, error)
    for part in _each_once(comments):
        taken = _intake.take([comment for _, comment in part], owner_id)
        for line, comment in part:
            one = taken[comment.source_id]
            answers[line] = {
                "line": line,
                "sourceId": comment.source_id,
                "status": one.change,
                "commentId": one.comment_id,
            }
    return [answers[line] for line, _ in sent]


def _each_once(
    comments: Sequence[tuple[int, IncomingComment]],
) -> Iterator[list[tuple[int, IncomingComment]]]:
    """Parts in which no comment comes twice: what is sent twice is taken one after the other."""
    part: list[tuple[int, IncomingComment]] = []
    seen: set[str] = set()
    for line, comment in comments:
        if comment.source_id in seen:
            yield part
            part, seen = [], set()
        part.append((line, comment))
        seen.add(comment.source_id)
    if part:
        yield part


def _explained(line: int, value: Any, error: ValidationError) -> dict[str, Any]:
    """Each field that is wrong, by name; values are left out, as they may be comments."""
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    told = [(".".join(str(part) for part in one["loc"]) or "comment", one["msg"]) for one in problems]
    source_id = value.get("sourceId") if isinstance(value, dict) else None
    detail = "; ".join(f"{field}: {said.removeprefix('Value error, ')}" for field, said in told)
    return _refused(line, source_id if isinstance(source_id, str) else None, told[0][0], detail)


def _refused(line: int, source_id: str | None, field: str, detail: str) -> dict[str, Any]:
    error = {"field": field, "detail": detail}
    return {"line": line, "sourceId": source_id, "status": REFUSED, "error": error}


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
