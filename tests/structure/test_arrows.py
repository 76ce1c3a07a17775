"""What may know what: `actors` the domain and the queue, these two never each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.structure.imports import ROOT, SOURCES, imports, within

OURS = ("actors", "osmod", "worker")
MAY_KNOW: dict[str, tuple[str, ...]] = {
    "osmod.settings": (),
    "osmod.embedded": (),
    "osmod.moderation": ("osmod.settings",),
    "osmod.jobs": ("osmod.settings",),
    "osmod.scorers": ("osmod.settings",),
    "osmod.publishers": ("osmod.settings",),
    # Where queue, domain and scorers meet; for actors only.
    "osmod.task": ("osmod.moderation", "osmod.publishers", "osmod.scorers", "osmod.settings"),
    "osmod.task.payload": ("osmod.moderation",),
    "actors": (
        "osmod.task",
        "osmod.jobs",
        "osmod.moderation",
        "osmod.publishers",
        "osmod.scorers",
        "osmod.settings",
    ),
}
"""For each part, the parts of ours that it may import, besides itself. What is not named may import all."""
NEVER: dict[str, tuple[str, ...]] = {
    "osmod.moderation": ("dramatiq", "periodiq", "redis", "httpx", "click"),
    "osmod.scorers": ("dramatiq", "periodiq", "redis", "sqlalchemy"),
    "osmod.publishers": ("periodiq", "sqlalchemy", "pydantic", "httpx", "click"),
    "osmod.jobs": ("sqlalchemy",),
}
"""For each part, the libraries that it must not know."""


def module(path: Path) -> str:
    """A file's name as a module."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("part", MAY_KNOW)
def test_arrows(part: str) -> None:
    """No part imports another that it may not know, not even inside a function."""
    allowed = (part, *MAY_KNOW[part])
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in SOURCES
        if within(module(path), (part,))
        for line, name in imports(path)
        if within(name, OURS) and not within(name, allowed) and name != "osmod"
    ]
    assert [] == wrong


@pytest.mark.parametrize("part", NEVER)
def test_libraries(part: str) -> None:
    """The domain knows no queue; the queue, the scorers and the publishers know no database."""
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in SOURCES
        if within(module(path), (part,))
        for line, name in imports(path)
        if within(name, NEVER[part])
    ]
    assert [] == wrong


def test_every_part_is_there() -> None:
    """The names above are those of real parts; a part that is renamed is renamed here."""
    assert [] == [part for part in MAY_KNOW if not any(within(module(path), (part,)) for path in SOURCES)]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import redis", "redis"),
        ("from osmod.jobs import broker", "osmod.jobs.broker"),
        ("from osmod import jobs", "osmod.jobs"),
        ("def f():\n    from ..jobs import broker", "osmod.jobs.broker"),
        ("from . import jobs", "osmod.moderation.jobs"),
        ("importlib.import_module('actors.scoring')", "actors.scoring"),
        ("if TYPE_CHECKING:\n    import dramatiq.broker", "dramatiq.broker"),
    ],
)
def test_no_import_is_missed(tmp_path: Path, source: str, found: str) -> None:
    """Every way to import something is seen."""
    path = tmp_path / "osmod" / "moderation" / "rules.py"
    path.parent.mkdir(parents=True)
    path.write_text(source)
    assert [found] == [name for _, name in imports(path, tmp_path)]
