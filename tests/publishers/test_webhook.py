"""The webhook itself: signatures, what each answer means, and what it never shows."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from osmod.loop import run
from osmod.moderation.publishing import owing
from osmod.publishers import BadPublisherConfig, News, NotTold, PublisherGone, publisher_for, told_by
from osmod.publishers.signing import read_secret, signature_header
from osmod.publishers.webhook import EVENTS, SHOWN, read_config
from osmod.settings import get_settings
from tests.found import only
from tests.publishers.fake import NEXT_SECRET, SECRET, Fake, Reply

NEWS = News("msg_1", "comment.accepted", datetime(2026, 11, 2, 12, tzinfo=UTC), {"sequence": 1})


def tell(fake: Fake, **fields: Any) -> Any:
    """Tell a publisher the news."""
    return run(told_by(7, "service", {"webhook": fake.webhook | fields}, NEWS))


def test_the_specifications_signature() -> None:
    """Ours is that of the specification's own libraries for their example."""
    key = read_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    assert "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" == signature_header(
        [key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body
    )


def test_signed(fake: Fake) -> None:
    """What is signed is what was sent; the timestamp is that of the attempt."""
    tell(fake)
    received = only(fake.received)
    assert ("msg_1", (True,), 1) == (received.id, received.known, received.signatures)
    assert abs(time.time() - received.timestamp) < 60
    assert {"type": "comment.accepted", "timestamp": "2026-11-02T12:00:00Z", "data": {"sequence": 1}} == (
        received.content
    )


def test_two_secrets_while_one_takes_the_others_place(fake: Fake) -> None:
    """There is a signature for each secret, so that a receiver may know either."""
    fake.secrets = [SECRET, NEXT_SECRET]
    tell(fake)
    assert (2, (True, True)) == (fake.received[0].signatures, fake.received[0].known)


def test_another_secret_is_noticed(fake: Fake) -> None:
    """The fake does tell right from wrong."""
    tell(fake, secrets=[NEXT_SECRET])
    assert (False,) == fake.received[0].known


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_acknowledged(fake: Fake, status: int) -> None:
    """Any 2xx will do."""
    fake.otherwise = Reply(status, body=b"" if status == 204 else b"fine")
    told = tell(fake)
    assert (status, "" if status == 204 else "fine") == (told.status, told.answer)


@pytest.mark.parametrize(
    ("status", "away"), [(400, False), (401, False), (404, False), (408, True), (429, True), (500, True)]
)
def test_refused(fake: Fake, status: int, away: bool) -> None:
    """All else is told again; whether the publisher is to be left alone depends on the answer."""
    fake.otherwise = Reply(status, body=b"no")
    with pytest.raises(NotTold, match=f"^{fake.url} answered {status}$") as raised:
        tell(fake)
    assert (status, "no", away) == (raised.value.status, raised.value.answer, raised.value.away)


def test_gone(fake: Fake) -> None:
    """410 is for good."""
    fake.otherwise = Reply(410)
    with pytest.raises(PublisherGone):
        tell(fake)


def test_redirects_are_refused(fake: Fake) -> None:
    """Nobody is sent elsewhere; the operator is told what to set."""
    fake.otherwise = Reply(308, {"Location": fake.url + "/new"})
    with pytest.raises(NotTold, match="answered 308, a redirect, which is not followed: set webhook.url"):
        tell(fake)
    assert 1 == len(fake.received)


@pytest.mark.parametrize(
    ("reply", "pause"),
    [
        (Reply(429, {"Retry-After": "120"}), 120),
        (Reply(503, {"Retry-After": "Fri, 31 Dec 2100 00:00:00 GMT"}), 86_400),
        (Reply(503, {"Retry-After": "soon"}), None),
        (Reply(400, {"Retry-After": "120"}), None),
    ],
)
def test_retry_after(fake: Fake, reply: Reply, pause: float | None) -> None:
    """Obeyed in both its forms, for a day at most."""
    fake.otherwise = reply
    with pytest.raises(NotTold) as raised:
        tell(fake)
    assert pause == raised.value.retry_after


@pytest.mark.parametrize("resets", ["at once", "in the body"])
def test_resets(fake: Fake, resets: str) -> None:
    """A publisher that hangs up has not heard; the sentence names it."""
    fake.otherwise = Reply(resets=resets)
    with pytest.raises(NotTold, match=f"^{fake.url}: ") as raised:
        tell(fake)
    assert (None, True) == (raised.value.status, raised.value.away)


@pytest.mark.parametrize("size", [5_000, 300_000])
def test_answers_are_bounded(fake: Fake, size: int) -> None:
    """The beginning of an answer is read and kept; it is its status that counts, and the next request is well."""
    fake.script.append(Reply(body=b"x" * size))
    told = tell(fake)
    assert (200, SHOWN) == (told.status, len(told.answer))
    fake.script.append(Reply(410, body=b"x" * size))
    with pytest.raises(PublisherGone):
        tell(fake)
    assert "thank you" == tell(fake).answer


def test_private_addresses(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine is not asked unless the setting allows it."""
    monkeypatch.delenv("OSMOD_PRIVATE_WEBHOOKS")
    get_settings.cache_clear()
    with pytest.raises(NotTold, match="127.0.0.1") as raised:
        tell(fake)
    assert ([], False) == (fake.received, raised.value.away)


def test_nothing_secret_is_shown(fake: Fake) -> None:
    """Neither a password nor a query of the URL is in a sentence, nor a secret in an answer that repeats it."""
    secret = fake.url.replace("http://", "http://user:hunter%402@") + "?token=47114711"
    repeated = f"bad signature for {SECRET} at /?token=47114711 or 47114711"
    repeated += " by hunter%402, hunter@2, dXNlcjpodW50ZXJAMg=="
    fake.otherwise = Reply(500, body=repeated.encode())
    with pytest.raises(NotTold) as raised:
        tell(fake, url=secret)
    shown = f"{raised.value} {raised.value.answer}"
    assert "bad signature" in shown
    for private in ("hunter", "4711", "dXNlcj", SECRET.removeprefix("whsec_")):
        assert private not in shown


@pytest.mark.parametrize(
    "repeated",
    [
        f"bad signature for {SECRET[:30]}",
        "bad signature, and again: " + f"{SECRET[6:]} " * 200,
        json.dumps({"error": "bad signature", "token": 'a"secret"token'}),
        "bad signature for a&quot;secret&quot;token",
    ],
    ids=["its beginning", "cut amid one of many", "in JSON", "in HTML"],
)
def test_no_part_of_a_secret_is_shown(fake: Fake, repeated: str) -> None:
    """However a server repeats it, and wherever what is shown of that ends."""
    fake.otherwise = Reply(500, body=repeated.encode())
    with pytest.raises(NotTold) as raised:
        tell(fake, url=fake.url + "?token=a%22secret%22token")
    assert "bad signature" in raised.value.answer
    assert not any(part in raised.value.answer for part in (SECRET[6:22], "secret&", "secret\\"))


@pytest.mark.parametrize(
    ("webhook", "said"),
    [
        ("https://cms.example", "users.extra.webhook must be an object"),
        ({"secrets": [SECRET]}, "webhook.url must be the address that takes the news"),
        ({"url": "ftp://cms.example", "secrets": [SECRET]}, "webhook.url must be"),
        ({"url": "https://cms.example"}, "webhook.secrets must be a list of one secret or more"),
        ({"url": "https://cms.example", "secrets": ["whsec_hunter2"]}, r"webhook.secrets\[0\] is not base64"),
        ({"url": "https://cms.example", "secrets": ["whsec_YWJj"]}, "has 3 bytes, not 24 to 64"),
        (
            {"url": "https://cms.example", "secrets": [SECRET], "events": "all"},
            "webhook.events must be a list",
        ),
        (
            {"url": "https://cms.example", "secrets": [SECRET], "events": ["comment.acepted"]},
            r"webhook.events\[0\] is none of comment.accepted, comment.rejected, comment.deferred",
        ),
    ],
)
def test_configs_that_cannot_be_used(webhook: Any, said: str) -> None:
    """The sentence names the publisher and the field, and quotes no secret."""
    with pytest.raises(BadPublisherConfig, match=rf"^publisher 7: .*{said}") as raised:
        read_config(7, {"webhook": webhook})
    assert "hunter2" not in str(raised.value)


def test_no_publisher() -> None:
    """A user that is none is named, with both ways to make it one."""
    with pytest.raises(BadPublisherConfig, match="^publisher 7: users.extra has no webhook, and nothing is"):
        publisher_for(7, "service", {"webhook": None})


def test_the_events_are_those_that_are_told() -> None:
    """What a webhook may ask for is what there is."""
    assert tuple(owing.EVENTS.values()) == EVENTS


def test_the_body_is_the_same_each_time(fake: Fake) -> None:
    """A retry is the same message to the letter, but for its timestamp and signature."""
    tell(fake)
    tell(fake)
    first, second = fake.received
    assert json.dumps(first.content) == json.dumps(second.content)
    assert first.id == second.id
