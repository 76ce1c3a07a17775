"""One dialect: how constants are explained, errors listed and loggers called."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.structure.imports import ROOT

FILES = sorted(path for part in ("actors", "benchmarks", "osmod") for path in (ROOT / part).rglob("*.py"))


def _told_apart(path: Path) -> list[str]:
    return [f"{path.relative_to(ROOT)}:{line}" for line in strings_after_code(path.read_text())]


def strings_after_code(source: str) -> list[int]:
    """The lines of texts in a module or class that explain what stands above them."""
    return [
        one.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.Module, ast.ClassDef))
        for one in node.body[1:]
        if isinstance(one, ast.Expr)
        and isinstance(one.value, ast.Constant)
        and isinstance(one.value.value, str)
    ]


def prose_about_errors(source: str) -> list[int]:
    """The lines of functions that tell in prose what they raise, and not in a section of its own."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        if re.search(r"(?<=[.] )Raises |^Raises [^:]", ast.get_docstring(node) or "", re.MULTILINE)
    ]


def loggers(source: str) -> list[str]:
    """The names of loggers."""
    return re.findall(r"^(\w+)(?:: [\w.]+)? = logging\.getLogger", source, re.MULTILINE)


def test_constants_are_explained_before() -> None:
    """By a `#:` comment, as everywhere, and not by a text after them."""
    assert [] == [place for path in FILES for place in _told_apart(path)]


def test_errors_have_a_section() -> None:
    """What a function raises stands below `Raises:`."""
    assert [] == [
        f"{path.relative_to(ROOT)}:{line}" for path in FILES for line in prose_about_errors(path.read_text())
    ]


def test_loggers_have_one_name() -> None:
    """A module's logger is `_log`."""
    assert {"_log"} == {name for path in FILES for name in loggers(path.read_text())}


def test_what_is_told_apart() -> None:
    """Each is seen where it stands."""
    assert [3] == strings_after_code('"""Doc."""\nX = 1\n"""Is one."""\n')
    assert [1] == prose_about_errors('def f():\n    """Do. Raises `ValueError`."""\n')
    assert [1] == prose_about_errors('def f():\n    """Do.\n\n    Raises what it likes.\n    """\n')
    assert [] == prose_about_errors(
        'def f():\n    """Do.\n\n    Raises:\n      ValueError: wrong.\n    """\n'
    )
    assert ["logger"] == loggers("logger = logging.getLogger(__name__)\n")
