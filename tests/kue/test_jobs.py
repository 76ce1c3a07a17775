"""What a job of Kue's says becomes of a message: a table of what may stand in its hash."""

from __future__ import annotations

import json
from typing import Any

import dramatiq
import pytest
from dramatiq import Actor

from osmod.jobs.broker import JobBroker
from osmod.kue.jobs import KueJob, Unusable, known_by

ID = "kue:q:7:1795576087488:1"


@pytest.fixture
def actor() -> Actor[Any, Any]:
    """Takes two arguments."""
    broker = JobBroker(url="redis://127.0.0.1:1")

    @dramatiq.actor(actor_name="greet", broker=broker)
    def greet(name: str, greeting: str = "hello") -> None: ...

    return greet


def kue_job(**texts: str) -> KueJob:
    """A job as Kue writes it, with other texts in place of some."""
    usual = {
        "kind": "greet",
        "created_at": "1795576087488",
        "data": '{"name": "Ada"}',
        "priority": "0",
        "ttl": "",
        "attempts": "",
        "max_attempts": "1",
        "backoff": "",
        "delay": "",
        "message_id": ID,
    }
    return KueJob.from_row([text.encode() for text in (usual | texts).values()])


def test_plain(actor: Actor[Any, Any]) -> None:
    """Its data are the arguments, its time the message's; its record is kept."""
    message = kue_job().message(actor)
    assert ("greet", "default", ID) == (message.actor_name, message.queue_name, message.message_id)
    assert ((), {"name": "Ada"}) == (message.args, message.kwargs)
    assert 1795576087488 == message.message_timestamp
    assert {"remove_on_complete": False, "priority": 0, "attempts": 1} == message.options


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("-15", -15), ("10", 10), ("99999", 2000), ("-1e9", -2000), ("2.5", 2), ("Infinity", 2000)),
        *(("NaN", 0), ("urgent", 0), ("", 0)),
    ],
)
def test_priority(actor: Actor[Any, Any], text: str, expected: int) -> None:
    """Any number; what is beyond ours is the nearest of ours."""
    assert expected == kue_job(priority=text).message(actor).options["priority"]


@pytest.mark.parametrize(
    ("text", "expected"), [("300000", 300000), ("", None), ("0", None), ("-5", None), ("1e99", 3155760000000)]
)
def test_ttl(actor: Actor[Any, Any], text: str, expected: int | None) -> None:
    """Milliseconds that a run may take."""
    assert expected == kue_job(ttl=text).message(actor).options.get("time_limit")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"max_attempts": "3"}, {"attempts": 3, "backoff": {"type": "fixed", "delay": 0}}),
        ({"max_attempts": "3", "attempts": "1"}, {"attempts": 2, "backoff": {"type": "fixed", "delay": 0}}),
        ({"max_attempts": "3", "attempts": "3"}, {"attempts": 1}),
        ({"max_attempts": ""}, {"attempts": 1}),
        (
            {"max_attempts": "2", "backoff": "true", "delay": "500"},
            {"attempts": 2, "backoff": {"type": "fixed", "delay": 500}},
        ),
        (
            {"max_attempts": "2", "backoff": '{"type":"exponential","delay":700,"maxDelay":9000}'},
            {"attempts": 2, "backoff": {"type": "exponential", "delay": 700}, "max_backoff": 9000},
        ),
        (
            {"max_attempts": "2", "backoff": '{"type":"fixed"}', "delay": "60"},
            {"attempts": 2, "backoff": {"type": "fixed", "delay": 60}},
        ),
        ({"max_attempts": "2", "backoff": "function (n) { return n * 2; }"}, {"attempts": 2}),
        ({"max_attempts": "2", "backoff": '{"type":"odd"}'}, {"attempts": 2}),
    ],
)
def test_retries(actor: Actor[Any, Any], texts: dict[str, str], expected: dict[str, Any]) -> None:
    """Attempts that are left, and how long is waited between them."""
    options = kue_job(**texts).message(actor).options
    assert expected == {name: value for name, value in options.items() if name in expected or "back" in name}


def test_an_actor_with_a_policy_keeps_it(actor: Actor[Any, Any]) -> None:
    """Kue's one attempt does not take from an actor that waits for its database to come back."""
    actor.options["retry_when"] = lambda retries, error: True
    assert "attempts" not in kue_job(max_attempts="1").message(actor).options


@pytest.mark.parametrize(
    ("data", "said"),
    [
        *(('"text"', "a text"), ("[1]", "a list"), ("12", "a number"), ("null", "null")),
        *(("true", "true or false"), ("{", "no JSON"), ('{"a": NaN}', "NaN"), ("[" * 100_000, "no JSON")),
    ],
)
def test_data_that_is_no_object(actor: Actor[Any, Any], data: str, said: str) -> None:
    """It is refused with what it is."""
    with pytest.raises(Unusable, match=f"data .*{said}.*: expected an object"):
        kue_job(data=data).message(actor)


def test_title(actor: Actor[Any, Any]) -> None:
    """Kue's pages show it; it is a label here, also where the actor takes it."""

    @dramatiq.actor(actor_name="mail", broker=actor.broker)
    def mail(title: str) -> None: ...

    taken = kue_job(kind="mail", data='{"title": "greeting"}').message(mail)
    assert ({"title": "greeting"}, "greeting") == (taken.kwargs, taken.options.get("label"))
    message = kue_job(data=json.dumps({"name": "Ada", "title": "greeting"})).message(actor)
    assert ({"name": "Ada"}, "greeting") == (message.kwargs, message.options["label"])


def test_what_kue_scheduler_adds(actor: Actor[Any, Any]) -> None:
    """What is in the data for others than the actor is left out, and what the actor takes stays."""
    theirs = {
        "schedule": "RECCUR",
        "expiryKey": "q:scheduler:x",
        "dataKey": "q:scheduler:data:x",
        "unique": "x",
    }
    assert {"name": "Ada"} == kue_job(data=json.dumps({"name": "Ada", **theirs})).message(actor).kwargs

    @dramatiq.actor(actor_name="any", broker=actor.broker)
    def take_all(**arguments: Any) -> None: ...

    assert {"title": "a title", **theirs} == kue_job(data=json.dumps({"title": "a title", **theirs})).message(
        take_all
    ).kwargs


def test_ids_of_one_prefix() -> None:
    """A prefix that begins with another is another."""
    assert known_by("q").fullmatch(ID)
    assert not known_by("q").fullmatch("kue:q:x:7:1795576087488:1")
    assert not known_by("q.").fullmatch("kue:qa:7:1795576087488:1")
