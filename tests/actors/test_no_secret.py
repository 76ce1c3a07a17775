"""Keys, webhooks' secrets and what readers wrote are in no log, record, key of Redis or table of ours."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from osmod.jobs import steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.states import JobState
from osmod.jobs.testing import drain
from osmod.moderation.models import OWN_TABLES, Comment
from osmod.scorers import ENDPOINT_TYPES
from osmod.settings import get_settings
from tests.actors.scorers import TOLD, ToldScorer
from tests.actors.test_turns import queue as queue
from tests.moderation.conftest import world as world
from tests.moderation.world import World
from tests.publishers import fake as publishers
from tests.scorers.fake import Asked, Fake, Reply, serving

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]
WROTE = "Kwyjibo, a big dumb balding ape"
KEYS = ("AIzaSyD3adB33f", "sk-proj-s3cr3t", "pAth1s2K3y4a5b6c7")
#: What a server may do that nobody wants: say it all again.
STATUSES = (500, 401, 429, 418, 200, 400)


@pytest.fixture
def echoing() -> Iterator[Fake]:
    """A scorer that repeats all that it was told, with one status after the other."""
    with serving() as fake:

        def answer(asked: Asked) -> Reply:
            said = f"{asked.path} {asked.query} {asked.headers} ".encode() + asked.body
            return Reply(status=STATUSES[len(fake.asked) % len(STATUSES)], body=said)

        fake.answer(answer)
        yield fake


def kept(queue: JobBroker, engine: Engine) -> str:
    """All that Redis and our own tables have."""
    dumped = [queue.client.dump(key) or b"" for key in queue.client.keys("*")]
    read = [line for key in queue.client.keys("*") for line in _read(queue, key)]
    with engine.connect() as connection:
        rows = [str(row) for name in OWN_TABLES for row in connection.execute(text(f"SELECT * FROM {name}"))]
    return "\n".join([*(one.decode("latin-1") for one in dumped), *map(str, read), *rows])


def _read(queue: JobBroker, key: bytes) -> list[object]:
    client = queue.client
    reads = {
        b"hash": lambda: client.hgetall(key),
        b"zset": lambda: client.zrange(key, 0, -1),
        b"list": lambda: client.lrange(key, 0, -1),
        b"stream": lambda: client.xrange(key),
        b"set": lambda: client.smembers(key),
        b"string": lambda: client.get(key),
    }
    return [key, reads[client.type(key)]()]


def test_nothing_is_said_again(
    queue: JobBroker,
    world: World,
    engine: Engine,
    echoing: Fake,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """However often scorers and publisher fail, and whatever they answer with."""
    monkeypatch.setenv("OSMOD_PRIVATE_WEBHOOKS", "true")
    get_settings.cache_clear()

    def fail(question: object) -> None:
        raise ValueError(f"{question} with {KEYS[0]}")

    monkeypatch.setattr(ToldScorer, "does", fail)
    monkeypatch.setitem(ENDPOINT_TYPES, "told", TOLD)
    place = f"{echoing.url}/{KEYS[2]}/score"
    classes = {"attributes": {"toxic": "TOXICITY"}}
    for config in (
        {"endpointType": "told"},
        {"endpointType": "perspective-api", "apiKey": KEYS[0], "attributes": {"TOXICITY": {}}},
        {"endpointType": "openai-moderation", "apiKey": KEYS[1]},
        {"endpointType": "assistant", "apiKey": KEYS[1]},
        {"endpointType": "text-classification", "apiKey": KEYS[1], **classes},
        {"endpointType": "text-classification", "apiKey": KEYS[1], "limits": {"perSecond": KEYS[0]}},
    ):
        world.scorer({"endpoint": place} | config)
    with publishers.publisher() as publisher, caplog.at_level(logging.DEBUG):
        secret = publisher.secrets[0].removeprefix("whsec_")
        publisher.otherwise = publishers.Reply(500, body=f"{secret} {publisher.url}?token={KEYS[0]}".encode())
        webhook = publisher.webhook | {"url": f"{publisher.url}/{KEYS[2]}?token={KEYS[0]}"}
        owner = world.user(group="service", extra={"webhook": webhook})
        comments = [world.comment(world.article(), text=WROTE, owner_id=owner) for _ in range(len(STATUSES))]
        for comment in comments:
            queue.get_actor("sendCommentForScoring").send(comment_id=comment)
            queue.get_actor("rejectComments").send(comment_id=comment)
        for _ in range(3):
            drain(queue, raise_errors=False)
            steering.promote(queue, JobFilter(states=(JobState.DELAYED,)), by="the test")
        assert len(publisher.received) >= 1
    assert len(echoing.asked) >= len(STATUSES)
    everything = kept(queue, engine) + caplog.text
    assert "answered 500" in everything
    for hidden in (*KEYS, secret, base64.b64decode(secret).decode(), WROTE):
        where = everything.find(hidden)
        assert where < 0, everything[max(0, where - 300) : where + 100]
    assert WROTE == world.get(Comment, comments[0]).text
