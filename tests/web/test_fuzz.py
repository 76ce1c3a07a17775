"""Whatever is asked, by whomever: nothing breaks, a refused request changes nothing, answers are as documented."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.python.asgi import get_client
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import Connection, Engine

from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import count
from osmod.web.openapi import PATH
from tests.moderation.world import World
from tests.web.conftest import MakeToken
from tests.web.queues import queue as queue

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]
#: Requests of each operation, and as many that do not fit it: admins and services get further than others.
TIMES = dict.fromkeys(Role, 1) | {Role.ADMIN: 2, Role.SERVICE: 3}
#: One by which a service gets as far as changing something.
SEED = 2
#: What is true of every answer.
CHECKS = [
    *(not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
]
#: Bodies that no schema leads to.
GARBAGE = (
    b"",
    b"{",
    b"\xff",
    b"[" * 5_000,
    b"null",
    b'"text"',
    b"7",
    b"{}\n[]\n{",
    b'{"a":1e999}',
    b'"\\ud83d"',
)

Operation = APIOperation[Any, Any, Any, Any]
#: The jobs, and what was committed to the database, as far as it shows whether anything changed.
State = tuple[int, int]


@pytest.fixture(scope="module")
def operations() -> list[Operation]:
    """All that can be asked, but the stream without an end. That tokens are asked for is left out: all have one."""
    document = json.loads(PATH.read_text(encoding="utf-8"))
    for operation in [one for path in document["paths"].values() for one in path.values()]:
        operation.pop("security", None)
    schema = schemathesis.openapi.from_dict(document)
    found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    assert len(found) == sum(1 for _ in schema.get_all_operations())
    return [one for one in found if not one.path.endswith("/events")]


@pytest.fixture(scope="module")
def cases(operations: list[Operation]) -> list[list[Case[Any]]]:
    """What is asked of each operation, and what does not fit it, most of `TIMES`: made up once, for all roles."""
    return [
        _made_up(operation.as_strategy(generation_mode=mode))
        for operation in operations
        for mode in _modes(operation)
    ]


@pytest.fixture
def world(engine: Engine) -> World:
    """With some comments."""
    world = World(engine)
    for _ in range(12):
        world.comment(world.article(world.category()))
    return world


@pytest.fixture
def state(engine: Engine, queue: JobBroker, world: World) -> Iterator[Callable[[], State]]:
    """Says how things are."""
    with engine.connect() as watching:
        yield lambda: (_version(watching), count(queue, JobFilter()))


@pytest.mark.parametrize("role", Role)
def test_by_the_document(
    app: FastAPI,
    cases: list[list[Case[Any]]],
    token: MakeToken,
    world: World,
    state: Callable[[], State],
    role: Role,
) -> None:
    """Hundreds of requests, always the same ones."""
    shown = {"Authorization": f"JWT {token(role)}"}  # taken on our own paths as well
    client = get_client(cast(Any, app))  # the two spell the type of an app differently
    client.trust_env = False  # proxies and passwords are looked up longer than a request takes
    answers: Counter[int] = Counter()
    changes, before = 0, state()

    def ask(case: Case[Any]) -> None:
        nonlocal changes, before
        answer = case.call(app=app, session=client, headers=shown)
        client.cookies.clear()
        case.validate_response(answer, checks=CHECKS)
        changed = before != (now := state())
        assert not (changed and answer.status_code >= 400), (case.as_curl_command(), answer.text)
        answers[answer.status_code] += 1
        changes += changed
        before = now

    with client:  # the app runs
        for case in [one for some in cases for one in some[: TIMES[role]]]:
            ask(case.derive())
    assert (role in (Role.ADMIN, Role.SERVICE)) <= (changes > 0 and len(answers) > 4), answers
    assert [] == world.miscounted()


def test_garbage(
    client: TestClient, operations: list[Operation], token: MakeToken, state: Callable[[], State]
) -> None:
    """Bodies that are no JSON, or none that anybody asked for, are refused wherever one is read."""
    shown = {"Authorization": f"JWT {token(Role.ADMIN)}", "Content-Type": "application/json"}
    before = state()
    reading = [one for one in operations if "requestBody" in one.definition.raw]
    assert len(reading) > 10
    for one in reading:
        path = one.path.replace("{", "").replace("}", "")
        for body in GARBAGE:
            answer = client.request(one.method, path, content=body, headers=shown)
            assert 400 <= answer.status_code < 500, (one.label, body[:20], answer.text)
    assert before == state()


def _modes(operation: Operation) -> list[GenerationMode]:
    """Where any text will do, as in some paths and headers, nothing can be wrong."""
    asked = operation.definition.raw
    can_be_wrong = "requestBody" in asked or any(
        one["schema"].keys() - {"type", "title", "description", "default"}
        or one["schema"]["type"] != "string"
        for one in asked.get("parameters", ())
    )
    return list(GenerationMode) if can_be_wrong else [GenerationMode.POSITIVE]


def _made_up(cases: SearchStrategy[Case[Any]]) -> list[Case[Any]]:
    """Some of them, the same on every machine."""
    found: list[Case[Any]] = []
    limits = settings(
        max_examples=max(TIMES.values()),
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    limits(seed(SEED)(given(case=cases)(lambda case: found.append(case))))()
    return found


def _version(connection: Connection) -> int:
    """SQLite counts what other connections commit."""
    version: int = connection.exec_driver_sql("PRAGMA data_version").scalar_one()
    connection.rollback()
    return version
