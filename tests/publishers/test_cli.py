"""`osmod publishers`, on SQLite and MariaDB."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from osmod.cli import publishers as command
from osmod.cli.checks import check_publishers
from osmod.jobs.broker import JobBroker
from osmod.jobs.inline import InlineBroker
from osmod.jobs.steering.audit import audit_log
from osmod.moderation.models import DecisionDelivery, PublisherStanding, User, now
from osmod.settings import read_settings
from tests.cli.conftest import Run
from tests.cli.conftest import run as run
from tests.found import only
from tests.publishers.fake import SECRET, Fake, Reply
from tests.publishers.scene import Scene


@pytest.fixture
def decided(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A decision just now, and no queue."""
    monkeypatch.setattr(command, "ensure_broker", InlineBroker)
    scene.now = now()
    scene.decide("Reject")
    return scene


def test_list(run: Run, decided: Scene) -> None:
    """Who is told, where, and how many decisions each has not heard; no secret."""
    listed = json.loads(run("publishers", "list", "--json").output)["publishers"]
    assert [(decided.owner, "webhook", decided.fake.url, "on", 1, 0, 0)] == [
        tuple(one[name] for name in ("id", "told_by", "url", "state", "waiting", "held", "failed"))
        for one in listed
    ]
    shown = run("publishers", "list").output
    assert decided.fake.url in shown
    assert SECRET not in shown


def test_list_says_what_is_wrong(run: Run, decided: Scene) -> None:
    """Of one that cannot be told, why; nobody to be told is said, too."""
    decided.set_extra(decided.owner, {"webhook": {"url": decided.fake.url, "secrets": ["whsec_hunter2"]}})
    shown = run("publishers", "list").output
    assert "unusable" in shown
    assert "webhook.secrets[0] is not base64" in shown
    assert "hunter2" not in shown


def test_no_publisher(run: Run, engine: Engine, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said, with where to read on."""
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    assert "There is no publisher: docs/publishers.md says how to make one.\n" == (
        run("publishers", "list").output
    )


def test_a_delivery_and_its_attempts(run: Run, decided: Scene) -> None:
    """What was tried, with status, time and answer; found by comment, publisher and state."""
    decided.fake.script.append(Reply(500, body=b"out of order"))
    decided.tell()
    (row,) = json.loads(
        run(
            "publishers", "deliveries", "--comment", str(decided.comment), "--state", "waiting", "--json"
        ).output
    )["deliveries"]
    assert ("waiting", "comment.rejected", 1) == (row["state"], row["event"], row["failures"])
    assert "comment.rejected" in run("publishers", "deliveries").output
    assert not json.loads(run("publishers", "deliveries", "--state", "failed", "--json").output)["deliveries"]
    shown = run("publishers", "show", "1").output
    assert row["message_id"] in shown
    assert f"{decided.fake.url} answered 500" in shown
    assert "out of order" in shown
    (attempt,) = json.loads(run("publishers", "show", "1", "--json").output)["attempts"]
    assert (500, "out of order") == (attempt["status"], attempt["answer"])
    missing = run("publishers", "show", "99")
    assert (3, "There is no delivery 99.\n") == (missing.exit_code, missing.output)
    for many in (("show",), ("disable",), ("deliveries", "--comment"), ("replay",)):
        assert 2 == run("publishers", *many, "99999999999999999999").exit_code


def test_replay(run: Run, decided: Scene) -> None:
    """What is meant is counted, and told again once that is confirmed."""
    decided.tell()
    assert 2 == run("publishers", "replay").exit_code
    contradicted = run("publishers", "replay", "1", "--publisher", "99")
    assert (2, True) == (contradicted.exit_code, "leave out --publisher" in contradicted.output)
    nothing = run("publishers", "replay", "--all")
    assert (3, True) == (nothing.exit_code, nothing.output.startswith("No delivery fits that one can replay"))
    some = ("replay", "--publisher", str(decided.owner), "--state", "delivered")
    rehearsed = run("publishers", *some, "--dry-run")
    assert "1 delivery would be told again; nothing was changed\n" == rehearsed.output
    asked = run("publishers", *some)
    assert (4, "1 delivery would be told again. Add --yes to do it.\n") == (asked.exit_code, asked.output)
    assert ["delivered"] == decided.states()
    done = run("publishers", *some, "--yes")
    assert (0, True) == (done.exit_code, done.output.startswith("1 delivery told again within a minute"))
    decided.catch_up()
    decided.sweep()
    assert [(1, "Reject"), (1, "Reject")] == decided.fake.told


def test_disable_and_enable(run: Run, decided: Scene) -> None:
    """An operator holds a publisher's news back, and lets it go on."""
    which = str(decided.owner)
    assert 0 == run("publishers", "disable", which, "--reason", "moving").exit_code
    assert 3 == run("publishers", "disable", which).exit_code
    decided.tell()
    assert ["held"] == decided.states()
    (one,) = json.loads(run("publishers", "list", "--json").output)["publishers"]
    assert ("disabled", 1) == (one["state"], one["held"])
    assert one["why"].endswith(": moving")
    enabled = run("publishers", "enable", which)
    assert f"publisher {which} is told again; 1 decision held for it" in enabled.output
    assert 3 == run("publishers", "enable", which).exit_code
    assert ["waiting"] == decided.states()
    moderator = decided.world.get(User, decided.moderator)
    for wrong, said in (
        ("999", "There is no user 999"),
        (str(moderator.id), f"User {moderator.id} ({moderator.name}) is no publisher"),
    ):
        refused = run("publishers", "disable", wrong)
        assert (3, f"{said}; `osmod publishers list` shows the publishers.\n") == (
            refused.exit_code,
            refused.output,
        )
        assert {"count": 0} == json.loads(run("publishers", "enable", wrong, "--json").stdout)


def test_tell(run: Run, decided: Scene) -> None:
    """Pauses and rests end for whom it is said of; what is being told now, or is held, stays as it is."""
    decided.fake.script += [Reply(503, {"Retry-After": "3600"})]
    decided.tell()
    other = decided.world.user(group="service", extra={"webhook": decided.fake.webhook})
    theirs, claimed = decided.more(owner_id=other), decided.more()
    for comment in (theirs, claimed):
        decided.decide("Accept", comment)
    assert [theirs] == decided.due()
    none = run("publishers", "tell", "--publisher", "99")
    assert (3, "There is no user 99; `osmod publishers list` shows the publishers.\n") == (
        none.exit_code,
        none.output,
    )
    told = run("publishers", "tell", "--publisher", str(decided.owner))
    assert (0, True) == (
        told.exit_code,
        told.output.startswith("2 decisions told, beginning within a minute"),
    )
    decided.catch_up()
    assert [theirs, decided.comment, claimed] == sorted(
        decided.due(), key=[theirs, decided.comment, claimed].index
    )
    assert (0, None) == (decided.standing().failures, decided.standing().paused_until)
    assert decided.claim() is not None
    until = decided.deliveries()[0].next_attempt_at
    assert {"count": 2} == json.loads(run("publishers", "tell", "--json").stdout)
    assert until == decided.deliveries()[0].next_attempt_at
    for owner in (decided.owner, other):
        run("publishers", "disable", str(owner))
    assert (3, {"count": 0}) == (
        (refused := run("publishers", "tell", "--json")).exit_code,
        json.loads(refused.stdout),
    )


@pytest.mark.only_on("sqlite")
@pytest.mark.only_on("valkey")
def test_acts_are_in_the_audit_log(
    run: Run, decided: Scene, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who disabled a publisher, and why, is with what was done to jobs."""
    broker = JobBroker(url=redis_url)
    monkeypatch.setattr(command, "ensure_broker", lambda: broker)
    assert 0 == run("publishers", "disable", str(decided.owner), "--reason", "moving").exit_code
    entry = only(audit_log(broker, queue="default"))
    assert ("disable publisher", f"publisher {decided.owner}", "moving") == (
        entry.act,
        entry.what,
        entry.reason,
    )
    broker.close()


def test_check(run: Run, decided: Scene) -> None:
    """`osmod check` names publishers that are late, cannot be told, are disabled, or never heard."""

    def found() -> list[tuple[str, str]]:
        return [(one.level.value, one.message) for one in check_publishers(read_settings())]

    who = f"{decided.world.get(User, decided.owner).name} (publisher {decided.owner})"
    assert [("ok", f"{who}: 1 decision on the way")] == found()
    decided.age(DecisionDelivery, created_at=decided.now - timedelta(hours=3))
    ((level, said),) = found()
    assert "warning" == level
    assert said.startswith(f"{who} has not heard of 1 decision, the oldest from 3 h ago: ")
    run("publishers", "disable", str(decided.owner), "--reason", "moving")
    ((level, said),) = found()
    assert ("warning", True) == (level, f"`osmod publishers enable {decided.owner}`" in said)
    run("publishers", "enable", str(decided.owner))
    decided.age(DecisionDelivery, state="failed")
    ((level, said),) = found()
    assert ("warning", True) == (level, f"`osmod publishers replay --publisher {decided.owner}`" in said)
    decided.set_extra(decided.owner, {"webhook": {}})
    assert "error" == found()[0][0]


@pytest.mark.parametrize("act", ["disable", "tell"])
def test_nothing_is_done_that_cannot_be_written_down(
    run: Run, decided: Scene, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    """With the audit log's Redis away an act fails before it changes anything: it can be repeated."""
    queue = JobBroker(url="redis://127.0.0.1:1")
    monkeypatch.setattr(command, "ensure_broker", lambda: queue)
    decided.world.add(PublisherStanding(owner_id=decided.owner, failures=3))
    words = (act, str(decided.owner)) if act == "disable" else (act, "--publisher", str(decided.owner))
    result = run("publishers", *words)
    assert (1, True) == (result.exit_code, "Redis does not answer" in result.stderr), result.output
    standing = decided.world.get(PublisherStanding, decided.owner)
    assert (None, 3) == (standing.disabled_at, standing.failures)
    queue.close()
