"""docs/promises.md names for each promise the tests that prove it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.promises import PROMISES
from tests.structure.imports import ROOT

ROW = re.compile(r"^\| (P\d+) \|.*?\| `(tests/\S+::\w+)` \|", re.MULTILINE)


def marked(path: Path) -> set[tuple[str, str]]:
    """Promises and tests, by the markers in one file."""
    return {
        (str(promise.value), f"{path.relative_to(ROOT)}::{function.name}")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef)
        for mark in function.decorator_list
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.promise"
        for promise in mark.args
        if isinstance(promise, ast.Constant)
    }


def test_the_page_names_the_tests_that_are_marked() -> None:
    """All of them, no others, and at least one for each promise."""
    tests = set().union(*(marked(path) for path in (ROOT / "tests").rglob("test_*.py")))

    assert tests == set(ROW.findall((ROOT / "docs/promises.md").read_text()))
    assert set(PROMISES) == {promise for promise, _ in tests}
