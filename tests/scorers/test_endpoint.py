"""A scorer behind a URL: what its answer, or its silence, means."""

from __future__ import annotations

import json
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter

from osmod.loop import run
from osmod.scorers import BadAnswer, KeyRefused, ScorerAway, ScorerError, Throttled, Unscorable
from osmod.scorers.endpoint import Endpoint
from tests.scorers.fake import Fake, Reply

TEXT = 'You "fool", é'


def ask(url: str) -> Any:
    return run(
        Endpoint("scorer 3", httpx.URL(url), key="the key").ask({"text": TEXT, "key": "the key"}, [TEXT])
    )


def failure(fake: Fake, reply: Reply) -> ScorerError:
    fake.answer(reply)
    with pytest.raises(ScorerError) as error:
        ask(fake.url + "/score?key=the key")
    assert str(error.value).startswith(f"scorer 3 ({fake.url}/score) ")
    return error.value


@pytest.mark.parametrize(
    ("kind", "statuses"),
    [
        (Unscorable, (400, 413, 414, 422)),
        (KeyRefused, (401, 402, 403)),
        (Throttled, (429,)),
        (ScorerAway, (301, 307, 404, 405, 408, 410, 415, 424, 500, 502, 503, 504, 529)),
    ],
)
def test_refusals(fake: Fake, kind: type[ScorerError], statuses: tuple[int, ...]) -> None:
    """Of the text, of the key, of so much, and of everybody."""
    for status in statuses:
        error = failure(fake, Reply(status=status, json={"error": {"message": "no"}}))
        assert (kind, '{"error": {"message": "no"}}') == (type(error), error.body)
        assert str(error).endswith(f"answered {status}: no")


@pytest.mark.parametrize(
    ("kind", "reply"),
    [
        (ScorerAway, Reply(cut=-1)),
        (ScorerAway, Reply(body=b"{} and more", cut=2)),
        (BadAnswer, Reply(body=b"<html>")),
        (BadAnswer, Reply(body=b" " * (4 * 1024 * 1024 + 1))),
    ],
)
def test_answers_that_are_none(fake: Fake, kind: type[ScorerError], reply: Reply) -> None:
    """Whoever hangs up is away; whoever says what makes no sense is there."""
    assert kind is type(failure(fake, reply))


def test_a_server_that_is_not_there() -> None:
    """It is away."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ScorerAway, match="is not reached"):
        ask(f"http://127.0.0.1:{port}/")


def test_when_to_ask_again(fake: Fake) -> None:
    """As the server says: seconds, or a moment; or it does not say."""
    soon = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    waits = []
    for headers in ({"Retry-After": "7"}, {"Retry-After": soon}, {}):
        error = failure(fake, Reply(status=429, headers=headers))
        assert isinstance(error, Throttled)
        waits.append(error.retry_after)
    assert 7 == waits[0]
    assert waits[1] == pytest.approx(3600, abs=60)
    assert waits[2] is None


@pytest.mark.parametrize("status", [200, 422])
@pytest.mark.parametrize(
    "repeated",
    [
        TEXT,
        json.dumps([{"input": TEXT}]),
        json.dumps([{"input": TEXT}], ensure_ascii=False),
        repr({"input": TEXT}),
        ascii(TEXT),
    ],
)
def test_no_error_repeats_what_is_secret(fake: Fake, status: int, repeated: str) -> None:
    """Servers repeat what they were sent: a reader's text and the key are in no message and no body."""
    error = failure(fake, Reply(status=status, body=f"<the key is refused: {repeated}>".encode()))
    for text in (str(error), error.body):
        assert "<… is refused: " in text
        assert "fool" not in text


async def asked_for_a_number(endpoint: Endpoint, text: str) -> int:
    return (await endpoint.ask({}, [text])).read(TypeAdapter(int))


@pytest.mark.parametrize("status", [200, 422, 500])
@pytest.mark.parametrize("shape", ['{"error": {"message": "%s"}}', '{"error": "%s"}', "%s", "<p>%s</p>"])
def test_no_error_repeats_the_beginning_of_a_text(fake: Fake, status: int, shape: str) -> None:
    """Whoever shortens what a server repeats, the server or an error, leaves nothing of the text and of the key."""
    text = "Some reader has written 20 words & more, all of them private. " * 40
    key = "key-of-many-letters-0123456789"
    for told in (f"so much: {text}", f"so much: {text[:90]}[…]", "x" * 285 + key, escape(text)):
        fake.answer(Reply(status=status, body=(shape % told).encode()))
        with pytest.raises(ScorerError) as error:
            run(asked_for_a_number(Endpoint("scorer 3", httpx.URL(fake.url), key=key), text))
        for said in (str(error.value), error.value.body):
            assert "private" not in said
            assert "Some reader" not in said
            assert "key-" not in said


def test_a_flood_of_beginnings(fake: Fake) -> None:
    """An answer that repeats the beginning of a text as often as it can holds nobody up."""
    text = "a" * 100_000
    fake.answer(Reply(status=500, body=(text[:20] + "b").encode() * 190_000))
    began = time.process_time()
    with pytest.raises(ScorerAway) as error:
        run(Endpoint("scorer 3", httpx.URL(fake.url)).ask({}, [text]))
    assert "aaaa" not in error.value.body
    assert time.process_time() - began < 5


def test_a_long_body_is_kept_in_part(fake: Fake) -> None:
    """Its beginning, after what is secret was taken out."""
    error = failure(fake, Reply(status=500, body=b"x" * 1990 + b"the key" + b"y" * 5000))
    assert "x" * 1990 + "…" + "y" * 9 == error.body


def test_nothing_said_is_nothing(fake: Fake) -> None:
    """An empty answer of a server that has taken the question."""
    fake.answer(Reply(status=202, body=b""))
    assert ask(fake.url).data is None
