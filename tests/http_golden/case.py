"""A case as it lies in its file, and what is expected of an answer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Beside the cases: who is who, and the rows before each of them.
FIXTURE = "fixture.json"
#: Where those of the fixture stand that go with all cases.
SHARED = Path(__file__).parent / "cases"

Json = Any


@dataclass(frozen=True)
class Case:
    """One request, and what OSMod did with it.

    `differs` says, where ours means to differ, in what and why; `ours`, where no rule can say it exactly, what ours
    answers and does: status, body, effect and queued, of which the last two are empty if they are not there.
    """

    family: str
    name: str
    server: str
    mode: str
    caller: Json
    request: dict[str, Json]
    response: dict[str, Json]
    effect: dict[str, Json] = field(default_factory=dict)
    queued: list[Json] = field(default_factory=list)
    logged: tuple[str, ...] = ()
    differs: str | None = None
    ours: dict[str, Json] | None = None

    @classmethod
    def of(cls, family: str, told: dict[str, Json]) -> Case:
        """One case of a family's file."""
        return cls(
            family=family,
            name=told["name"],
            server=told.get("server", "stock"),
            mode=told.get("mode", "immediate"),
            caller=told.get("as", "nobody"),
            request=told["request"],
            response=told["response"],
            effect=told.get("effect") or {},
            queued=told.get("queued") or [],
            logged=tuple(told.get("logged") or ()),
            differs=told.get("differs"),
            ours=told.get("ours"),
        )

    @property
    def path(self) -> str:
        """The path that is asked, without its query."""
        return str(self.request["path"]).partition("?")[0]

    @property
    def method(self) -> str:
        """The method; that of a WebSocket's upgrade is GET."""
        return str(self.request["method"]).split()[0]

    @property
    def status(self) -> int | None:
        """What OSMod answered; None where it did not."""
        return None if self.response.get("no_answer") else self.response["status"]

    @property
    def body(self) -> Json:
        """What is sent as JSON."""
        return self.request.get("body")


@dataclass(frozen=True)
class Fixture:
    """Who is who, how tokens are made, and the tables' rows before every case."""

    token: dict[str, Json]
    tables: dict[str, list[dict[str, Json]]]

    def row(self, table: str, number: int | None) -> dict[str, Json] | None:
        """The row with an id."""
        return next((row for row in self.tables[table] if row["id"] == number), None)

    def user_of(self, caller: Json) -> Json:
        """The user whom a caller's token names; None for nobody."""
        if caller == "nobody":
            return None
        payload = caller["token"]["payload"] if isinstance(caller, dict) else self.token["payloads"][caller]
        return payload.get("user")

    def group_of(self, caller: Json) -> str | None:
        """The group of a caller."""
        user = self.user_of(caller)
        row = self.row("users", user) if isinstance(user, int) else None
        return row["group"] if row else None


def load_cases(folder: Path) -> list[Case]:
    """All cases of a folder, by family."""
    files = sorted(path for path in folder.glob("*.json") if path.name != FIXTURE)
    return [Case.of(path.stem, told) for path in files for told in json.loads(path.read_text("utf-8"))]


def load_fixture(folder: Path) -> Fixture:
    """The folder's fixture, or else the one of the cases that are kept here."""
    beside = folder / FIXTURE
    path = beside if beside.exists() else SHARED / FIXTURE
    return Fixture(**json.loads(path.read_text("utf-8")))
