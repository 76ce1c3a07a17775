"""Which module imports which, read from the source: imports inside functions and by name count too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for part in ("actors", "osmod", "worker.py")
    for path in [*(ROOT / part).rglob("*.py"), ROOT / part]
    if path.suffix == ".py"
)


def imports(path: Path, root: Path = ROOT) -> Iterator[tuple[int, str]]:
    """Each import in a file: its line, and the full name of what is imported."""
    module = path.relative_to(root).with_suffix("").parts
    package = module[:-1]  # also of an __init__, whose own name is the last part
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            stem = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{stem}.{name.name}") for name in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                yield node.lineno, node.args[0].value


def within(name: str, packages: tuple[str, ...]) -> bool:
    """Whether a module is one of `packages` or lies in one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def module(path: Path) -> str:
    """A file's name as a module."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def module_arrows() -> dict[str, set[str]]:
    """For each module of ours, those of ours that it imports."""
    ours = {module(path) for path in SOURCES}
    arrows: dict[str, set[str]] = {}
    for path in SOURCES:
        named = (name for _, name in imports(path))
        # `from package import name` takes a module of that name, or something in the package's own file.
        meant = (name if name in ours else name.rpartition(".")[0] for name in named)
        arrows[module(path)] = {name for name in meant if name in ours}
    return arrows


def circles(arrows: dict[str, set[str]]) -> list[set[str]]:
    """The sets of modules of which each reaches, over others, all of its set."""
    reached = {start: _reached(arrows, start) for start in arrows}
    found = {frozenset(other for other in reached[one] if one in reached[other]) for one in arrows}
    return [set(circle) for circle in found if circle]


def _reached(arrows: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    ahead = list(arrows[start])
    while ahead:
        if (one := ahead.pop()) not in seen:
            seen.add(one)
            ahead += arrows[one]
    return seen
