"""What may stand in Kue's queue, or happen to it, that nobody means to happen."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import dramatiq
import pytest

from osmod.jobs.broker import JobBroker
from osmod.jobs.records.find import count
from osmod.kue.bridge import Bridge
from osmod.kue.keys import KueQueue, zid
from osmod.kue.taking import Taker
from osmod.kue.telling import Teller
from tests.found import only
from tests.jobs.conftest import working
from tests.waiting import until


def put(kue: KueQueue, job_id: int, kind: str = "note", payload: Any = None, **fields: Any) -> None:
    """A waiting job as Kue has it once it is saved."""
    texts = {
        "type": kind,
        "state": "inactive",
        "data": json.dumps(payload or {}),
        "priority": 0,
        "created_at": 1,
    }
    kue.client.hset(kue.job(job_id), mapping=texts | fields)
    kue.client.zadd(kue.jobs, {zid(job_id): 0})
    kue.client.zadd(kue.state("inactive", kind), {zid(job_id): 0})
    kue.client.zadd(kue.state("inactive"), {zid(job_id): 0})
    kue.client.lpush(kue.bell(kind), 1)


@pytest.fixture
def actor(broker: JobBroker) -> None:
    """Takes any text, and gives back what no JSON has."""

    @dramatiq.actor(actor_name="note", keep_result=True)
    def note(text: str = "") -> Any:
        return {"share": float("nan"), "most": [float("inf")]}


def test_claims_of_types_that_somebody_else_has(
    kue: KueQueue, broker: JobBroker, make_broker: Callable[..., JobBroker], actor: None
) -> None:
    """Two programs take other types from one queue: neither sends nor judges what the other took."""
    other = make_broker(namespace="other")

    @dramatiq.actor(actor_name="theirs", broker=other)
    def theirs() -> None: ...

    for number in range(1, 300):
        put(kue, number, "theirs")
    assert 200 == Taker(other, kue).take()[0]
    kue.client.zadd(kue.taken, {f"kue:q:{number}:1:1": 1 for number in range(1, 200)})
    put(kue, 1000)
    taker = Taker(broker, kue)
    taker.take()
    assert 0 == taker.recover(0.0)
    assert 199 == kue.client.zcard(kue.taken)
    teller = Teller(broker, kue)
    assert 1 == teller.look(0.0)
    assert b"active" == kue.client.hget(kue.job(200), "state")
    assert 1 == count(broker)


def test_a_result_that_javascript_cannot_read(kue: KueQueue, broker: JobBroker, actor: None) -> None:
    """What is no number in JSON is null, as JavaScript writes it: Kue's clients would end on it."""
    listener = kue.client.pubsub()
    listener.subscribe(kue.events)
    put(kue, 1)
    bridge = Bridge(broker, kue)
    bridge.start()
    with working(broker):
        until(lambda: kue.client.zcard(kue.state("complete")), what="it is complete")
        assert bridge.stop()
    bridge.wait()
    said = [
        one["data"]
        for one in iter(lambda: listener.get_message(timeout=0.2), None)
        if one["type"] == "message"
    ]
    listener.close()
    expected = {"share": None, "most": [None]}
    assert expected == json.loads(said[-1], parse_constant=pytest.fail)["args"][1]
    assert expected == json.loads(kue.client.hget(kue.job(1), "result"), parse_constant=pytest.fail)


def test_large_jobs_are_taken_a_few_at_a_time(kue: KueQueue, broker: JobBroker, actor: None) -> None:
    """One answer of Redis holds some MB at most, or a single job."""
    for number in range(1, 11):
        put(kue, number, payload={"text": "x" * 1_000_000})
    taker = Taker(broker, kue)
    assert 5 >= taker.take()[0]
    while taker.take()[0]:
        continue
    assert 10 == count(broker)


def test_odd_names(kue: KueQueue, broker: JobBroker) -> None:
    """A type is any text."""
    name = 'blank "quote" ü : %d'

    @dramatiq.actor(actor_name=name)
    def odd() -> None: ...

    listener = kue.client.pubsub()
    listener.subscribe(kue.events)
    put(kue, 1, name, removeOnComplete="true")
    bridge = Bridge(broker, kue)
    bridge.start()
    with working(broker):
        until(lambda: not kue.client.exists(kue.job(1)), what="it is complete and removed")
        assert bridge.stop()
    bridge.wait()
    said = [
        json.loads(one["data"])["args"]
        for one in iter(lambda: listener.get_message(timeout=0.2), None)
        if one["type"] == "message"
    ]
    listener.close()
    assert [["start", name, None], ["complete", None, None], ["remove", name]] == said


@pytest.mark.parametrize(
    "fields",
    [
        {"created_at": "yesterday", "priority": "first", "ttl": "soon", "max_attempts": "many"},
        {"created_at": "99999999999999999999", "delay": "-1", "backoff": "{", "attempts": "x"},
        {"data": b"\xff\xfe"},
        {"data": '{"text": "\\ud800"}'},
        {"data": '{"text": ' + "9" * 5000 + "}"},
    ],
)
def test_odd_fields(kue: KueQueue, broker: JobBroker, actor: None, fields: dict[str, Any]) -> None:
    """Whatever a hash holds, the job ends, and one behind it is done."""
    put(kue, 1, **fields)
    put(kue, 2)
    bridge = Bridge(broker, kue)
    bridge.start()
    with working(broker):
        until(
            lambda: 2 == kue.client.zcard(kue.state("complete")) + kue.client.zcard(kue.state("failed")),
            what="both ended",
        )
        assert bridge.stop()
    bridge.wait()
    assert b"complete" == kue.client.hget(kue.job(2), "state")


def test_keys_of_another_kind(kue: KueQueue, broker: JobBroker, actor: None) -> None:
    """What another program wrote in the place of a job, or of its log, keeps no other job from being done."""
    for number in (1, 2, 3):
        put(kue, number, payload={"wrong": 1} if number == 2 else None)
    kue.client.delete(kue.job(1))
    kue.client.set(kue.job(1), "text")
    kue.client.set(kue.log(2), "text")
    bridge = Bridge(broker, kue)
    bridge.start()
    with working(broker):
        until(lambda: b"complete" == kue.client.hget(kue.job(3), "state"), what="the third is complete")
        assert bridge.stop()
    bridge.wait()


@pytest.mark.parametrize(
    "of_which", [lambda kue: kue.state("inactive", "other"), lambda kue: kue.bell("other")]
)
def test_a_type_of_which_a_key_is_of_another_kind(
    kue: KueQueue,
    broker: JobBroker,
    actor: None,
    caplog: pytest.LogCaptureFixture,
    of_which: Callable[[KueQueue], str],
) -> None:
    """Is said once, with the key and what to do; the other types go on, and this one once the key is well again."""
    dramatiq.actor(actor_name="other")(lambda: None)
    key = of_which(kue)
    put(kue, 1, "other")
    kue.client.rename(key, "saved")
    kue.client.set(key, "text")
    bridge = Bridge(broker, kue)
    bridge.start()
    with working(broker):
        put(kue, 2)
        put(kue, 3)
        until(lambda: 2 == kue.client.zcard(kue.state("complete", "note")), what="they are done")
        put(kue, 4)
        until(
            lambda: 3 == kue.client.zcard(kue.state("complete", "note")), what="one that comes later is done"
        )
        assert b"inactive" == kue.client.hget(kue.job(1), "state")
        kue.client.rename("saved", key)
        until(
            lambda: b"complete" == kue.client.hget(kue.job(1), "state"), what="that of the other type is done"
        )
        assert bridge.stop()
    bridge.wait()
    expected = "list" if key == kue.bell("other") else "sorted set"
    assert [
        f"In Kue's queue jobs of other are not taken: the key {key} is a string, not the {expected} that Kue keeps "
        "there; rename or delete it."
    ] == [one.getMessage() for one in caplog.records if one.name.startswith("osmod.kue")]


@pytest.mark.parametrize("depth", [500, 900, 940, 960, 980, 990])
def test_nested_data(kue: KueQueue, broker: JobBroker, actor: None, depth: int) -> None:
    """However deep, the job ends, and one behind it is done: what can be read can perhaps not be written."""
    put(kue, 1, data='{"text": ' + "[" * depth + "]" * depth + "}")
    put(kue, 2)
    bridge = Bridge(broker, kue)
    bridge.start()
    with working(broker):
        until(
            lambda: (
                not bridge.goes_on
                or 2 == kue.client.zcard(kue.state("complete")) + kue.client.zcard(kue.state("failed"))
            ),
            what="both ended",
        )
        assert bridge.stop()
    bridge.wait()
    assert b"complete" == kue.client.hget(kue.job(2), "state")


def test_removed_by_who_knows_it_as_waiting(kue: KueQueue, broker: JobBroker, actor: None) -> None:
    """Kue takes a job out of the set in which the process at hand saw it last: nothing stays of it in others."""
    put(kue, 1)
    Taker(broker, kue).take()
    kue.client.zrem(kue.state("inactive"), zid(1))
    kue.client.zrem(kue.state("inactive", "note"), zid(1))
    kue.client.zrem(kue.jobs, zid(1))
    kue.client.delete(kue.job(1))
    Teller(broker, kue).look(0.0)
    left = sorted(key.decode() for key in kue.client.scan_iter("q:*"))
    assert [kue.counts] == left


def test_workers_that_keep_no_records(kue: KueQueue, make_broker: Callable[..., JobBroker]) -> None:
    """Those of Kue's jobs stay all the same: from them Kue is told, and by them a job is known that comes again."""
    broker = make_broker(remove_on_complete=True)

    @dramatiq.actor(actor_name="note", keep_result=True)
    def note() -> str:
        return "done"

    put(kue, 1)
    taker, teller = Taker(broker, kue), Teller(broker, kue)
    taker.take()
    message_id = only(kue.client.zrange(kue.held, 0, -1))
    with working(broker):
        until(lambda: broker.do_qsize("default") == 0, what="it ran")
    kue.client.zrem(kue.held, message_id)
    kue.client.zadd(kue.taken, {message_id: 1})
    assert 1 == taker.recover(0.0)
    assert 0 == broker.do_qsize("default")
    teller.look(0.0)
    assert [b"complete", b'"done"'] == kue.client.hmget(kue.job(1), "state", "result")
