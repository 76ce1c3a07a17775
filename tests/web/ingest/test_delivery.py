"""With a queue: jobs are in it once the answer is there; without Redis, comments are stored all the same."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from actors.upkeep import sweep_outbox
from osmod.jobs.broker import JobBroker
from osmod.jobs.testing import enqueued
from osmod.moderation.models import Comment, OutboxEntry, now
from osmod.moderation.work import Owed, transact
from osmod.task import deliver, taking_in
from tests.moderation.world import World
from tests.placing import put_in_place
from tests.web.conftest import MakeToken
from tests.web.ingest.conftest import NDJSON, PATH, comment, lines
from tests.web.queues import queue as queue
from tests.web.serving import served

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]
SECONDS = 120


def test_queued(queue: JobBroker, publisher: TestClient, world: World) -> None:
    """One job a comment, all of a batch in one call, and none is owed any more."""
    publisher.post(PATH, content=lines(*(comment(f"c{number}") for number in range(700))), headers=NDJSON)
    sent = [message.kwargs["comment_id"] for message in enqueued(queue)]
    assert [one.id for one in world.all(Comment)] == sorted(sent)
    assert 0 == world.size(OutboxEntry)
    publisher.post(PATH, json=comment("c1"))
    assert 700 == len(enqueued(queue))


def test_without_redis(
    queue: JobBroker, publisher: TestClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Comments are stored, and not every batch waits for it; a later sweep queues all that is owed."""
    away = JobBroker(url="redis://127.0.0.1:1", send_patience=200)
    put_in_place(away, monkeypatch)
    monkeypatch.setattr("osmod.web.api.ingest.answers._intake", taking_in.Intake())
    tried: list[int] = []

    def counted(owed: Sequence[Owed]) -> int:
        tried.append(len(owed))
        return deliver(owed)

    monkeypatch.setattr(taking_in, "deliver", counted)
    body = lines(*(comment(f"c{number}") for number in range(1600)))
    answer = publisher.post(f"{PATH}?answers=refused", content=body, headers=NDJSON)
    assert {"lines": 1600, "created": 1600} == json.loads(answer.content)
    assert ([500], 1600) == (tried, world.size(OutboxEntry))

    put_in_place(queue, monkeypatch)
    with world.engine.begin() as connection:
        connection.execute(update(OutboxEntry).values(created_at=now().replace(year=2020)))
    sweep_outbox.fn()
    assert (1600, 0) == (len(enqueued(queue)), world.size(OutboxEntry))
    away.close()


def test_others_store_the_same(publisher: TestClient, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes second takes it for what it is: there already."""
    failures = [IntegrityError("INSERT", {}, Exception("duplicate"))] * 2

    def losing(*arguments: object) -> object:
        if failures:
            raise failures.pop()
        return transact(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(taking_in, "transact", losing)
    assert "created" == publisher.post(PATH, json=comment()).json()["status"]
    assert [] == failures


def test_answers_come_while_lines_are_sent(app: FastAPI, token: MakeToken) -> None:
    """A publisher with one comment now and another later need not wait for its end to hear of the first."""
    with served(app) as server, server.connect() as connection:
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token('service')}\r\n"
            "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        )
        connection.sendall(head.encode())
        received = b""
        for number in (1, 2):
            line = lines(comment(f"c{number}"))
            connection.sendall(b"%x\r\n%s\r\n" % (len(line), line))
            sign = b'"sourceId":"c%d","status":"created"' % number
            deadline = time.monotonic() + SECONDS
            while sign not in received:
                assert time.monotonic() < deadline
                received += connection.recv(65536)
        connection.sendall(b"0\r\n\r\n")
        connection.settimeout(SECONDS)
        while piece := connection.recv(65536):
            received += piece
        assert (b"HTTP/1.1 200", b"\r\n0\r\n\r\n") == (received[:12], received[-7:])
