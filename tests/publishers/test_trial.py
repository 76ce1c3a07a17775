"""A publisher is sent a text that was typed: what it answers is shown, and nothing else comes of it."""

from __future__ import annotations

import json

import pytest

from osmod.cli import publisher_trial, publishers
from osmod.jobs.inline import InlineBroker
from osmod.moderation.models import DecisionDelivery, DeliveryAttempt, PublisherStanding
from osmod.settings import get_settings
from tests.cli.conftest import Run
from tests.cli.conftest import run as run
from tests.found import only
from tests.publishers.fake import SECRET, Reply
from tests.publishers.scene import Scene


@pytest.fixture(autouse=True)
def _no_queue(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (publishers, publisher_trial):
        monkeypatch.setattr(module, "ensure_broker", InlineBroker)


def test_it_is_signed_and_no_decision(run: Run, scene: Scene) -> None:
    """Its type says that it is a test, and it has the text; no delivery, no attempt, nothing sent back."""
    scene.decide("Reject")
    before = [(row.id, row.state, row.failures) for row in scene.deliveries()]

    said = run("publishers", "test", str(scene.owner), "Hello, <b>you</b>")

    assert (0, True) == (said.exit_code, "answered 200 in" in said.output)
    assert "thank you" in said.output
    got = only(scene.fake.received)
    assert ("test", {"text": "Hello, <b>you</b>"}) == (got.content["type"], got.content["data"])
    assert ((True,), True) == (got.known, got.id.startswith("test-"))
    assert before == [(row.id, row.state, row.failures) for row in scene.deliveries()]
    assert (None, 0, 0) == (
        scene.sent_back(),
        scene.world.size(DeliveryAttempt),
        scene.world.size(PublisherStanding),
    )


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (Reply(410, body=b"gone"), 410),
        (Reply(503, {"Retry-After": "3600"}, body=SECRET.encode()), 503),
        (Reply(302, {"Location": "http://127.0.0.1/"}), 302),
        (Reply(resets="at once"), None),
    ],
)
def test_what_goes_wrong(run: Run, scene: Scene, reply: Reply, status: int | None) -> None:
    """Is said, with exit code 1, and has no consequence: nobody is disabled or left alone for it."""
    scene.fake.script.append(reply)
    said = run("publishers", "test", str(scene.owner), "Hello", "--json")
    trial = json.loads(said.stdout)
    assert (1, status, True) == (said.exit_code, trial["status"], bool(trial["problem"]))
    assert SECRET.removeprefix("whsec_") not in said.output
    assert 0 == scene.world.size(PublisherStanding)


@pytest.mark.only_on("sqlite")
def test_one_that_is_disabled(run: Run, scene: Scene) -> None:
    """Is sent it all the same: so one sees whether it can be enabled."""
    assert 0 == run("publishers", "disable", str(scene.owner)).exit_code
    assert 0 == run("publishers", "test", str(scene.owner), "Hello").exit_code
    assert 1 == len(scene.fake.received)
    assert scene.standing().disabled_at is not None
    assert 0 == scene.world.size(DecisionDelivery)


@pytest.mark.only_on("sqlite")
def test_addresses_of_our_own_network(run: Run, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Are refused as they are for decisions."""
    monkeypatch.setenv("OSMOD_PRIVATE_WEBHOOKS", "false")
    get_settings.cache_clear()
    said = run("publishers", "test", str(scene.owner), "Hello")
    assert (1, True) == (said.exit_code, "is not asked" in said.output)
    assert [] == scene.fake.received


@pytest.mark.only_on("sqlite")
def test_one_without_a_usable_webhook(run: Run, scene: Scene) -> None:
    """Says why, and what is missing; one that is none is told of as elsewhere."""
    scene.set_extra(scene.owner, {"webhook": {"url": scene.fake.url, "secrets": ["whsec_hunter2"]}})
    said = run("publishers", "test", str(scene.owner), "Hello")
    assert (1, True) == (said.exit_code, "webhook.secrets[0] is not base64" in said.output)
    assert 3 == run("publishers", "test", "999", "Hello").exit_code
    assert 2 == run("publishers", "test", str(scene.owner), "x" * 1_001).exit_code
