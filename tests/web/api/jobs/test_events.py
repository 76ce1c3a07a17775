"""`/api/events`: what happens to jobs, for many readers from one watch on Redis."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

import actors
from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from osmod.jobs.events import JobEventKind, Watch, told_between
from osmod.web import hub
from osmod.web.hub import ROOM, BadPosition, Hub, Reader, read, tell, wanting, written
from tests.found import only
from tests.jobs.records.taking import end
from tests.waiting import until
from tests.web.api.jobs.conftest import Ask
from tests.web.conftest import MakeToken
from tests.web.serving import Served, served

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]


#: An entry that is newer than all.
LAST = "99999999999999-0"


class Stream:
    """A stream, read as a browser reads it."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.iter_lines()

    def next(self) -> dict[str, str]:
        """The fields of what comes next, comments as ``."""
        fields: dict[str, str] = {}
        for line in self._lines:
            if not line:
                return fields
            name, _, value = line.partition(": ")
            fields[name.rstrip(":")] = value
        raise StopIteration

    def events(self, number: int) -> list[dict[str, Any]]:
        """So many events, with their ids."""
        found: list[dict[str, Any]] = []
        while len(found) < number:
            fields = self.next()
            if "data" in fields:
                found.append({**json.loads(fields["data"]), "id": fields["id"]})
        return found


@pytest.fixture
def server(app: FastAPI) -> Iterator[Served]:
    """The app behind uvicorn."""
    with served(app, connections=400) as server:
        yield server


@contextmanager
def stream(server: Served, token: str, query: str = "", **headers: str) -> Iterator[Stream]:
    """A stream that has begun: it is told of whatever happens from now on."""
    headers["Authorization"] = f"Bearer {token}"
    url = f"http://127.0.0.1:{server.port}/api/events{query}"
    # Reading certificates, which are not needed here, would take longer than all else.
    with (
        httpx.Client(verify=False, timeout=120) as client,
        client.stream("GET", url, headers=headers) as response,
    ):
        assert 200 == response.status_code, response.read()
        one = Stream(response)
        assert {"retry": "3000"} == one.next()
        yield one


def watchers() -> int:
    return sum(thread.name == "job events" for thread in threading.enumerate())


def test_what_happens_to_a_job_is_told(server: Served, broker: JobBroker, token: MakeToken) -> None:
    """From its sending to its end, in the words of `osmod jobs watch --json`; without its arguments."""
    with stream(server, token(Role.VIEWER)) as one:
        assert "text/event-stream; charset=utf-8" == one.response.headers["Content-Type"]
        sent = actors.accept_comments.send(comment_id=12)
        end(broker, 1)
        seen = one.events(3)

    assert ["enqueued", "started", "completed"] == [event["event"] for event in seen]
    assert {(sent.message_id, "acceptComments", "default")} == {
        (event["job"], event["actor"], event["queue"]) for event in seen
    }
    assert all("12" not in json.dumps(event.get("arguments")) for event in seen)


def test_only_what_was_asked_for_is_told(server: Served, broker: JobBroker, token: MakeToken) -> None:
    """By actor in either spelling, by kind, by queue."""
    query = "?actor=accept_comments&kind=completed&queue=default"
    with stream(server, token(Role.VIEWER), query) as one:
        actors.heartbeat.send()
        sent = actors.accept_comments.send(comment_id=12)
        end(broker, 2)
        event = only(one.events(1))

    assert (sent.message_id, "completed") == (event["job"], event["event"])


def test_whoever_comes_back_misses_nothing(server: Served, broker: JobBroker, token: MakeToken) -> None:
    """Each event once: those meanwhile, and those from then on."""
    with stream(server, token(Role.VIEWER)) as one:
        sent = [actors.heartbeat.send().message_id for _ in range(3)]
        last = one.events(2)[-1]["id"]
    sent += [actors.heartbeat.send().message_id for _ in range(2)]

    with stream(server, token(Role.VIEWER), **{"Last-Event-ID": last}) as one:
        sent.append(actors.heartbeat.send().message_id)
        seen = one.events(4)
        assert sent[2:] == [event["job"] for event in seen]
        assert [seen[0]["id"]] == [event["id"] for event in _again(server, token(Role.VIEWER), last)]


def _again(server: Served, token: str, last: str) -> list[dict[str, Any]]:
    with stream(server, token, **{"Last-Event-ID": last}) as one:
        return one.events(1)


def test_many_readers_share_one_watch(server: Served, token: MakeToken) -> None:
    """200 of them are told of the same job, by one thread; when they are gone, it ends."""
    shown = token(Role.VIEWER)
    with ExitStack() as stack:
        readers = [stack.enter_context(stream(server, shown)) for _ in range(200)]
        sent = actors.heartbeat.send()
        assert {sent.message_id} == {reader.events(1)[0]["job"] for reader in readers}
        assert 1 == watchers()
    until(lambda: watchers() == 0, what="nobody watches")


def test_a_stream_shows_that_it_lives(
    server: Served, token: MakeToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a comment, when nothing happens."""
    monkeypatch.setattr(hub, "HEARTBEAT", 0.01)
    with stream(server, token(Role.VIEWER)) as one:
        assert {"": "all is well"} == one.next()


def test_a_stream_has_an_end(server: Served, token: MakeToken, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then whoever reads comes back, if it still may."""
    monkeypatch.setattr(hub, "HEARTBEAT", 0.01)
    monkeypatch.setattr(hub, "LONGEST", 0.005)
    with stream(server, token(Role.VIEWER)) as one:
        one.next()
        with pytest.raises((StopIteration, RuntimeError)):
            one.next()


def test_streams_end_when_the_server_stops(server: Served, token: MakeToken) -> None:
    """At once, and whole."""
    with stream(server, token(Role.VIEWER)) as one:
        server.stop()
        with pytest.raises((StopIteration, RuntimeError)):
            one.next()
    server.thread.join(120)
    assert not server.thread.is_alive()


def test_what_makes_no_sense_is_refused(client: TestClient, ask: Ask) -> None:
    """Before anything is sent."""
    assert "did you mean 'actor'?" in ask("GET", "/events?acter=heartbeat").json()["detail"]
    assert 422 == ask("GET", "/events?kind=finished").status_code
    until(lambda: watchers() == 0, what="nobody watches")


def test_an_id_that_no_event_came_with(client: TestClient, token: MakeToken) -> None:
    """Is refused by name."""
    headers = {"Authorization": f"Bearer {token(Role.VIEWER)}", "Last-Event-ID": "12"}
    refused = client.get("/api/events", headers=headers)
    assert (422, "Last-Event-ID") == (refused.status_code, refused.json()["field"])
    for wrong in ("", "eyJhIjogMX0", written({"default": "x-1"})):
        with pytest.raises(BadPosition):
            read(wrong or "W10")


def test_redis_away(client: TestClient, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """503, as no stream could begin."""
    gone = JobBroker(host="127.0.0.1", port=1, middleware=[])
    monkeypatch.setattr("dramatiq.broker.global_broker", gone)
    assert 503 == ask("GET", "/events").status_code
    gone.close()


def test_a_reader_that_does_not_read_is_dropped(broker: JobBroker) -> None:
    """What it lags by is bounded; others are told on, and it ends once it has read what was kept."""
    watch = Watch(broker, ["default"])
    watch.begin()
    actors.heartbeat.send()
    event = only(told_between(broker, "default", "0-0", LAST, 10))

    async def run() -> None:
        hub = Hub()
        slow, quick = (Reader(wanting([], [], []), {}) for _ in range(2))
        hub.readers |= {slow, quick}
        for _ in range(ROOM + 1):
            hub.hand_out([event])
            if quick._waiting.full() or quick._waiting.qsize() > 100:
                await anext(quick.frames())
        assert {quick} == hub.readers
        told = [piece.count(b"data: ") async for piece in slow.frames()]
        assert ROOM == sum(told)

    asyncio.run(run())


def test_whoever_comes_while_the_server_stops_is_sent_away(broker: JobBroker) -> None:
    """At once, so that nothing is waited for."""

    async def run() -> None:
        one, stopping = Hub(), asyncio.Event()
        stopping.set()
        reader = await one.join(broker, wanting([], [], []), stopping)
        await asyncio.sleep(0)  # what waits for the stop has gone on by then
        late = await one.join(broker, wanting([], [], []), stopping)
        assert [] == [piece async for piece in reader.frames()]
        assert [] == [piece async for piece in late.frames()]
        await one.close()

    asyncio.run(asyncio.wait_for(run(), 120))


def test_positions_are_those_after_the_event(broker: JobBroker) -> None:
    """Of all queues."""
    watch = Watch(broker, ["default"])
    watch.begin()
    actors.heartbeat.send()
    event = only(told_between(broker, "default", "0-0", LAST, 10))
    positions = {"other": "7-1"}
    frame = tell(event, positions).frame.decode()

    assert {"other": "7-1", "default": event.entry} == read(frame.partition("\n")[0].removeprefix("id: "))
    assert JobEventKind.ENQUEUED is event.kind
