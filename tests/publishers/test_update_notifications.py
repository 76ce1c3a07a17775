"""OSMod's servers hear of committed changes on their Redis channel, whatever Redis it is."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest
import redis
from dramatiq.brokers.stub import StubBroker
from redis.client import PubSub

from osmod.jobs.broker import JobBroker
from osmod.outages import Lookout, Outage
from osmod.publishers import update_notifications
from osmod.publishers.update_notifications import CHANNEL, publish
from tests.ports import free_port
from tests.redis_clusters import ClusterSet
from tests.waiting import until

CHANGES = [("comment", "modify", 1), ("article", "modify", 2), ("comment", "create", 3)]
TOLD = [
    {"objectType": "comment", "action": "modify", "id": 1},
    {"objectType": "article", "action": "modify", "id": 2},
    {"objectType": "comment", "action": "create", "id": 3},
]


def subscribed(client: redis.Redis) -> PubSub:
    """A listener on OSMod's channel that the server knows of."""
    listener = client.pubsub()
    listener.subscribe(CHANNEL)
    until(lambda: (listener.get_message(timeout=0.1) or {}).get("type") == "subscribe")
    return listener


def heard(listener: PubSub, count: int) -> Iterator[object]:
    """The next `count` messages, decoded."""
    for _ in range(count):
        yield json.loads(until(lambda: listener.get_message(timeout=0.1))["data"])


def test_one_redis(redis_url: str) -> None:
    """Each change is a message of its own, in order."""
    with redis.Redis.from_url(redis_url) as client, subscribed(client) as listener:
        with closing(JobBroker(url=redis_url)) as broker:
            publish(broker, CHANGES)
        assert TOLD == list(heard(listener, 3))


def test_a_cluster(cluster: ClusterSet) -> None:
    """OSMod's servers, on whichever node they listen, hear the same."""
    with subscribed(cluster.nodes[0].client) as listener, closing(JobBroker(url=cluster.url)) as broker:
        publish(broker, CHANGES)
        assert sorted(map(str, TOLD)) == sorted(map(str, heard(listener, 3)))


@pytest.mark.parametrize("scheme", ["redis", "redis+cluster"])
def test_redis_is_away(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, redis_url: str, scheme: str
) -> None:
    """That nobody can be told is logged, once for all jobs; the jobs that made the changes stand."""
    monkeypatch.setattr(update_notifications, "_outage", Outage("channel update-notification"))
    url = f"{scheme}://127.0.0.1:{free_port()}"
    with closing(JobBroker(url=url)) as broker, closing(JobBroker(url=redis_url)) as back:
        for one in (broker, broker, back):
            publish(one, CHANGES)
    away, over = caplog.messages
    assert away.startswith(
        "Channel update-notification away: moderators see changes when they load a page again ("
    )
    assert over.startswith("Channel update-notification back after ")


def test_one_waits_for_a_redis_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many who have something to tell one waits; the others go on, and all tell again once it answers."""
    monkeypatch.setattr(update_notifications, "_outage", Outage("channel update-notification"))
    monkeypatch.setattr(update_notifications, "_lookout", Lookout())
    asked, go = threading.Semaphore(0), threading.Event()

    @contextmanager
    def hangs(**_: object) -> Iterator[None]:
        asked.release()
        assert go.wait(120)
        raise redis.TimeoutError
        yield

    with closing(JobBroker(url=f"redis://127.0.0.1:{free_port()}")) as broker:
        publish(broker, CHANGES)
        monkeypatch.setattr(broker.client, "pipeline", hangs)
        with ThreadPoolExecutor(1) as threads:
            waiting = threads.submit(publish, broker, CHANGES)
            assert asked.acquire(timeout=120)
            publish(broker, CHANGES)
            assert not waiting.done()
            go.set()
        assert not asked.acquire(blocking=False)
        publish(broker, CHANGES)
        assert asked.acquire(blocking=False)


def test_no_redis(caplog: pytest.LogCaptureFixture) -> None:
    """A broker without Redis has nobody to tell, and a job without changes nothing."""
    publish(StubBroker(), CHANGES)
    with closing(JobBroker(url=f"redis://127.0.0.1:{free_port()}")) as broker:
        publish(broker, [])
    assert "" == caplog.text
