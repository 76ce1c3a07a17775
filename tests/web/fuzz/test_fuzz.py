"""Whatever is asked, by whomever: no answer says that something broke, and a refused request changes nothing."""

from __future__ import annotations

from collections import Counter

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine

from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from tests.moderation.world import World
from tests.web.conftest import MakeToken
from tests.web.fuzz.asking import Asking
from tests.web.queues import queue as queue

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]
#: Requests of each operation: admins get further than others.
TIMES = dict.fromkeys(Role, 1) | {Role.ADMIN: 3, Role.SERVICE: 6}
#: Which requests are made. Another number, other requests.
SEED = 20261127


@pytest.mark.parametrize("role", Role)
def test_fuzz(
    app: FastAPI, client: TestClient, queue: JobBroker, token: MakeToken, engine: Engine, role: Role
) -> None:
    """Hundreds of requests by the OpenAPI document."""
    world = World(engine)
    for _ in range(12):
        world.comment(world.article(world.category()))
    shown = token(role)
    answers: Counter[int] = Counter()
    changes = 0
    with engine.connect() as watching:
        before = _version(watching)
        for asked in Asking(app.openapi(), SEED).of_each_operation(TIMES[role]):
            headers = asked.headers | {"Authorization": f"JWT {shown}"}  # taken on our own paths as well
            answer = client.request(asked.method, asked.url, content=asked.body, headers=headers)
            answers[answer.status_code] += 1
            assert answer.status_code < 500, (asked, answer.text)
            if answer.status_code >= 400:
                assert before == _version(watching), (asked, answer.text)
            changes += before != _version(watching)
            before = _version(watching)
    assert (role in (Role.ADMIN, Role.SERVICE)) <= (changes > 0 and len(answers) > 4), answers
    assert [] == world.miscounted()


def _version(connection: Connection) -> int:
    """SQLite counts what other connections commit."""
    version: int = connection.exec_driver_sql("PRAGMA data_version").scalar_one()
    connection.rollback()
    return version
