"""Our HTTP side, in this process, in both modes, on rows that are the fixture's before each request."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import dramatiq
import jwt
from dramatiq import Broker
from fastapi.testclient import TestClient
from pydantic.alias_generators import to_camel
from sqlalchemy import Engine, event

from osmod.jobs.setup import make_broker
from osmod.jobs.testing import enqueued
from osmod.settings import get_settings
from osmod.web.app import create_app
from tests.golden.case import Tables
from tests.golden.fixture import dump, fill, refill
from tests.http_golden.case import Case, Fixture
from tests.http_golden.effects import COMPARED, effect


@dataclass(frozen=True)
class Answer:
    """What came of a request."""

    status: int
    headers: dict[str, str]
    body: Any
    effect: dict[str, Any]
    queued: list[dict[str, Any]]


class Server:
    """Our side. `serving` makes one."""

    def __init__(
        self, engine: Engine, fixture: Fixture, brokers: dict[str, Broker], clients: dict[str, TestClient]
    ) -> None:
        self._engine = engine
        self._fixture = fixture
        self._tables = {name: rows for name, rows in fixture.tables.items() if name in COMPARED}
        self._brokers = brokers
        self._clients = clients
        self._before: Tables | None = None
        self._changed: list[str] = []
        self._wrote = False
        event.listen(engine, "before_cursor_execute", self._note)

    def ask(self, case: Case) -> Answer:
        """The answer to a case's request, and what it did."""
        if self._before is None:
            fill(self._engine, self._tables)
            self._before = dump(self._engine, COMPARED)
        elif self._changed:
            refill(self._engine, self._tables, self._changed)
        queue: Any = self._brokers["queued"]
        queue.client.flushall()
        self._use(self._brokers[case.mode])
        self._wrote = False
        response = self._send(self._clients[case.mode], case)
        done = effect(self._before, dump(self._engine, COMPARED)) if self._wrote else {}
        self._changed = list(done)
        jobs = [
            {
                "task": message.actor_name,
                "data": {to_camel(key): told for key, told in message.kwargs.items()},
            }
            for message in enqueued(queue)
        ]
        headers = dict(response.headers)
        return Answer(response.status_code, headers, _body(response), done, jobs)

    def _note(self, _connection: Any, _cursor: Any, statement: str, *_: object) -> None:
        """Where nothing was asked but to read, the tables are not read once more."""
        self._wrote = self._wrote or not statement.lstrip().startswith("SELECT")

    def _use(self, broker: Broker) -> None:
        if dramatiq.get_broker() is not broker:
            dramatiq.set_broker(broker)
            for actor in list(self._brokers["queued"].actors.values()):
                actor.broker = broker

    def _send(self, client: TestClient, case: Case) -> Any:
        headers = dict(case.request.get("headers", {}))
        path = case.request["path"]
        if case.caller != "nobody":
            token = self._token(case.caller)
            path = path.replace("<token>", token)
            in_query = isinstance(case.caller, dict) and case.caller.get("in") == "query"
            if not in_query:
                headers["Authorization"] = headers.get("Authorization", "JWT <token>").replace(
                    "<token>", token
                )
        content = _content(case)
        if content is not None:
            headers.setdefault("Content-Type", "application/json")
        return client.request(case.method, path, headers=headers, content=content)

    def _token(self, caller: Any) -> str:
        told = self._fixture.token
        of = caller["token"] if isinstance(caller, dict) else {"payload": told["payloads"][caller]}
        payload = {
            "iat": of.get("iat", int(time.time())),
            "iss": of.get("iss", told["issuer"]),
            **of["payload"],
        }
        payload = {name: value for name, value in payload.items() if value is not None}
        secret = of.get("secret", told["secret"])
        # HMAC itself fills a key up with zeros; PyJWT warns of one that is shorter than the hash.
        key = secret.encode().ljust(64, b"\0") if secret else None
        return jwt.encode(payload, key, algorithm=of.get("alg", told["algorithm"]))  # type: ignore[arg-type]


@contextmanager
def serving(engine: Engine, fixture: Fixture) -> Iterator[Server]:
    """Our side in both modes, on the settings' Redis and database."""
    settings = {
        mode: replace(get_settings(), run_immediately=mode == "immediate") for mode in ("queued", "immediate")
    }
    apps = {mode: create_app(one) for mode, one in settings.items()}
    first = dramatiq.get_broker()
    brokers = {mode: make_broker(one) for mode, one in settings.items()}
    for actor in first.actors.values():
        for broker in brokers.values():
            broker.declare_actor(actor)
    with ExitStack() as stack:
        clients = {
            mode: stack.enter_context(TestClient(app, raise_server_exceptions=False, follow_redirects=False))
            for mode, app in apps.items()
        }
        try:
            yield Server(engine, fixture, brokers, clients)
        finally:
            dramatiq.set_broker(first)
            for actor in first.actors.values():
                actor.broker = first


def _content(case: Case) -> bytes | None:
    raw = case.request.get("raw_body")
    if isinstance(raw, dict):
        raw = raw["before"] + raw["repeat"] * raw["times"] + raw["after"]
    if raw is not None:
        return str(raw).encode()
    return json.dumps(case.body).encode() if "body" in case.request else None


def _body(response: Any) -> Any:
    if response.headers.get("Content-Type", "").startswith("application/json"):
        return response.json() if response.content else ""
    return response.text
