"""What a condition says, and what its parts are: for tests that fail far away, of which a few lines are left."""

from __future__ import annotations

import ast
import functools
import inspect
import reprlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar

T = TypeVar("T")

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 300
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxset = _SHORT.maxfrozenset = _SHORT.maxdict = 20


def only(found: Iterable[T]) -> T:
    """The one that was found. Fails with all that were, when they are more or none."""
    all_found = list(found)
    assert len(all_found) == 1, f"{len(all_found)} where one is expected: {_SHORT.repr(all_found)}"
    return all_found[0]


def spelled(condition: Callable[[], object]) -> str:
    """A condition as it stands in the code."""
    if isinstance(condition, functools.partial):
        arguments = [
            *map(_SHORT.repr, condition.args),
            *(f"{n}={v!r}" for n, v in condition.keywords.items()),
        ]
        return f"{spelled(condition.func)}({', '.join(arguments)})"
    body = _body(condition)
    return ast.unparse(body) if body is not None else getattr(condition, "__qualname__", repr(condition))


def seen(condition: Callable[[], object], value: object) -> str:
    """What a condition had last, and what the parts that it compares are when they are looked at once more."""
    body = _body(condition)
    if not isinstance(condition, FunctionType) or body is None:
        return f"it was {_SHORT.repr(value)}"
    cells = zip(condition.__code__.co_freevars, condition.__closure__ or (), strict=True)
    names = condition.__globals__ | {name: cell.cell_contents for name, cell in cells}
    parts = {ast.unparse(part): _looked_at(part, names) for part in _parts(body)}
    now = ", ".join(f"{part} is {found}" for part, found in parts.items())
    return f"it was {_SHORT.repr(value)}, now {now}" if parts else f"it was {_SHORT.repr(value)}"


def _body(condition: Callable[[], object]) -> ast.expr | None:
    """What a lambda evaluates; None for all else."""
    if not isinstance(condition, FunctionType) or condition.__name__ != "<lambda>":
        return None
    spans = set(condition.__code__.co_positions())
    source = Path(inspect.getfile(condition)).read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Lambda):
            body = node.body
            if (body.lineno, body.end_lineno, body.col_offset, body.end_col_offset) in spans:
                return body
    return None


def _parts(body: ast.expr) -> Iterator[ast.expr]:
    """The sides of comparisons that are no constants, in the order in which they are evaluated."""
    match body:
        case ast.BoolOp(values=values):
            for value in values:
                yield from _parts(value)
        case ast.Compare(left=left, comparators=others):
            for side in (left, *others):
                yield from _parts(side)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield from _parts(operand)
        case ast.Constant():
            return
        case _:
            yield body


def _looked_at(part: ast.expr, names: dict[str, Any]) -> str:
    try:
        return _SHORT.repr(eval(compile(ast.Expression(part), "<condition>", "eval"), names))
    except Exception as error:  # noqa: BLE001  # whatever it is, it is what is there now
        return f"not to be had ({error!r})"
