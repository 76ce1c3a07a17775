"""What may know what: `actors` the domain and the queue, these two never each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.structure.imports import ROOT, SOURCES, circles, imports, module, module_arrows, within

OURS = ("actors", "osmod", "worker")
#: Where processes begin: these may import all.
BEGINNINGS = ("worker", "osmod.ahead", "osmod.__main__", "osmod.cli", "osmod.demo")
#: For every other part, the parts of ours that it may import, besides itself.
MAY_KNOW: dict[str, tuple[str, ...]] = {
    "osmod.mysqlclient": (),
    "osmod.redis_urls": (),
    "osmod.settings": ("osmod.mysqlclient", "osmod.redis_urls"),
    "osmod.embedded": (),
    "osmod.outages": (),
    "osmod.extra": (),
    "osmod.loading": (),
    "osmod.loop": (),
    "osmod.batching": ("osmod.loop",),
    "osmod.moderation": ("osmod.extra", "osmod.publishers.registry", "osmod.settings"),
    "osmod.jobs": ("osmod.batching", "osmod.loop", "osmod.outages", "osmod.redis_urls", "osmod.settings"),
    "osmod.outgoing": ("osmod.batching", "osmod.loop"),
    "osmod.scorers": ("osmod.batching", "osmod.extra", "osmod.loop", "osmod.outgoing"),
    "osmod.publishers": ("osmod.loop", "osmod.outages", "osmod.outgoing", "osmod.settings"),
    # Where queue, domain and scorers meet; for actors only.
    "osmod.task": (
        "osmod.batching",
        "osmod.jobs.actor",
        "osmod.jobs.broker",
        "osmod.jobs.errors",
        "osmod.jobs.gate",
        "osmod.jobs.messages.batches",
        "osmod.jobs.middleware.current",
        "osmod.jobs.records.reading",
        "osmod.jobs.wire.link",
        "osmod.jobs.wire.queues",
        "osmod.loop",
        "osmod.moderation",
        "osmod.outages",
        "osmod.outgoing",
        "osmod.publishers",
        "osmod.scorers",
        "osmod.settings",
    ),
    "osmod.task.payload": ("osmod.moderation",),
    # One scorer put in the place of another; the command line asks, and shows it.
    "osmod.comparing": (
        "osmod.extra",
        "osmod.jobs.errors",
        "osmod.moderation",
        "osmod.scorers",
        "osmod.task.showing",
    ),
    # Scorers and publishers as operators see and steer them, for the command line and pages.
    "osmod.operating": (
        "actors",
        "osmod.jobs.broker",
        "osmod.jobs.gate",
        "osmod.jobs.records.filters",
        "osmod.jobs.records.glance",
        "osmod.jobs.steering.acts",
        "osmod.jobs.steering.audit",
        "osmod.jobs.wire.queues",
        "osmod.loop",
        "osmod.moderation",
        "osmod.outgoing",
        "osmod.publishers",
        "osmod.scorers",
        "osmod.task.requests",
        "osmod.task.scorer_gates",
        "osmod.task.showing",
    ),
    "osmod.access": ("osmod.moderation", "osmod.settings"),
    "osmod.metrics": (
        "actors",
        "osmod.jobs",
        "osmod.moderation",
        "osmod.outages",
        "osmod.settings",
        "osmod.task",
    ),
    # Takes jobs of Kue's over and tells Kue of them.
    "osmod.kue": ("osmod.jobs", "osmod.outages", "osmod.settings"),
    "osmod.web": (
        "actors",
        "osmod.access",
        "osmod.operating",
        "osmod.metrics",
        "osmod.task",
        "osmod.jobs",
        "osmod.moderation",
        "osmod.settings",
    ),
    "actors": (
        "osmod.access.expiry",
        "osmod.task",
        "osmod.jobs",
        "osmod.moderation",
        "osmod.publishers",
        "osmod.scorers",
        "osmod.settings",
    ),
}
LEAVES = ("durations", "errors", "states")
#: For each room of `osmod.jobs`, what else of it the room may import. What is not named may import all.
ROOMS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(LEAVES, ()),
    "wire": LEAVES,
    "messages": LEAVES,
    "queue": ("messages", "wire", *LEAVES),
    "records": ("queue", "messages", "wire", *LEAVES),
    "gate": ("queue", "messages", "wire", *LEAVES),
    "logs": ("queue", "messages", *LEAVES),
    "middleware": ("logs", "queue", "messages", "wire", *LEAVES),
    "worker": ("logs", "queue", "messages", "wire", *LEAVES),
    "steering": ("records", "queue", "messages", "wire", *LEAVES),
    "by_hand": ("broker", "enqueue", "schedules", "records", "steering", "messages", "wire", *LEAVES),
    "events": ("records", "queue", "wire", *LEAVES),
    "actor": (),
    "enqueue": ("messages", *LEAVES),
    "inline": ("messages", *LEAVES),
    "schedules": ("wire", "worker.signals", *LEAVES),
    "broker": ("worker", "middleware", "queue", "messages", "wire", *LEAVES),
}
#: For each part, the libraries that it must not know.
NEVER: dict[str, tuple[str, ...]] = {
    "osmod.moderation": ("dramatiq", "periodiq", "redis", "httpx", "click"),
    "osmod.outgoing": ("dramatiq", "periodiq", "redis", "sqlalchemy"),
    "osmod.scorers": ("dramatiq", "periodiq", "redis", "sqlalchemy"),
    "osmod.publishers": ("periodiq", "sqlalchemy", "pydantic", "httpx", "click"),
    "osmod.comparing": ("dramatiq", "periodiq", "redis", "httpx", "click", "rich"),
    "osmod.jobs": ("sqlalchemy", "prometheus_client"),
    "osmod.access": ("dramatiq", "periodiq", "redis", "httpx", "click", "fastapi", "starlette"),
}


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


@pytest.mark.parametrize("room", ROOMS)
def test_rooms(room: str) -> None:
    """Within `osmod.jobs` arrows go one way, those for type checking too; only `setup` knows the settings."""
    allowed = (
        "osmod.batching",
        "osmod.loop",
        "osmod.outages",
        *(f"osmod.jobs.{one}" for one in (room, *ROOMS[room])),
    )
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in SOURCES
        if within(module(path), (f"osmod.jobs.{room}",))
        for line, name in imports(path)
        if within(name, OURS) and not within(name, allowed)
    ]
    assert [] == wrong


def test_no_circle() -> None:
    """No module of the house imports, over whatever others, itself: neither at run time nor for type checking."""
    arrows = module_arrows()
    assert [] == [sorted(circle) for circle in circles(arrows)]


def test_circles_are_found() -> None:
    """Of one file or of several, however they are entered."""
    arrows = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set(), "e": {"e"}}
    assert [["b", "c"], ["e"]] == sorted(sorted(circle) for circle in circles(arrows))


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


def test_every_module_has_its_place() -> None:
    """A part that is new is given one in the table."""
    parts = (*BEGINNINGS, *MAY_KNOW)
    assert [] == [
        module(path) for path in SOURCES if not within(module(path), parts) and module(path) != "osmod"
    ]


def test_every_part_is_there() -> None:
    """The names above are those of real parts; a part that is renamed is renamed here."""
    parts = {*MAY_KNOW, *(f"osmod.jobs.{room}" for room in ROOMS)}
    assert [] == [part for part in parts if not any(within(module(path), (part,)) for path in SOURCES)]


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
