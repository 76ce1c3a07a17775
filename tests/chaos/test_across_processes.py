"""What holds for a queue as a whole, whichever of its worker processes takes a job."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from actors import accept_comments
from osmod.jobs.broker import JobBroker
from osmod.moderation.models import Decision
from tests.chaos import app
from tests.chaos.pools import ModerationPool, Pool, url_of
from tests.jobs.brokers import until_held
from tests.moderation.world import World
from tests.waiting import until

ACCEPTS = 200
LEASE = 1500


@pytest.mark.promise("P2", stock="every comment is decided")
def test_every_accept_is_one_decision_whatever_is_killed(
    world: World,
    database_url: str,
    sender: JobBroker,
    pools: Callable[..., Pool],
    log: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """P2: three workers are killed over N accepts; each runs at least once, and N decisions are there."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    article = world.article(world.category())
    comments = [world.comment(article) for _ in range(ACCEPTS)]
    for comment in comments:
        sender.enqueue(accept_comments.message(comment_id=comment))
    for kills in (1, 2, 3):
        pool = pools(url_of(sender), log, "-t", "4", kind=ModerationPool, lease=LEASE)
        until(lambda: world.size(Decision) >= kills * ACCEPTS // 5, 20)  # noqa: B023
        pool.kill()
    pools(url_of(sender), log, "-t", "4", kind=ModerationPool, lease=LEASE)
    until(lambda: world.size(Decision) >= ACCEPTS, 20, "every comment is decided")
    sender.join("default", timeout=120_000)

    assert Counter(decision.comment_id for decision in world.all(Decision)) == Counter(comments)
    assert world.miscounted() == []


@pytest.mark.promise("P9", stock=r"assert \['plain-\d', .* == \['urgent'")
@pytest.mark.timed
def test_priority_holds_across_processes(
    sender: JobBroker, pools: Callable[..., Pool], log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P9: what is urgent goes first in whichever process has room, though it was sent last; the rest in order."""
    monkeypatch.setenv("dramatiq_queue_prefetch", "1")  # A busy process takes none that it cannot begin.
    pools(url_of(sender), log, "-t", "1", lease=LEASE)
    sender.enqueue(app.work.message("long", 60_000))
    until(lambda: app.events(log, "start"), 20)
    for number in range(6):
        sender.enqueue(app.work.message(f"plain-{number}"))
    sender.enqueue(app.urgent.message("urgent"))
    pools(url_of(sender), log, "-t", "1", lease=LEASE)
    until(lambda: len(app.events(log)) == 7, 20)

    assert [name for name, *_ in app.events(log)] == ["urgent", *(f"plain-{number}" for number in range(6))]


@pytest.mark.promise("P8", stock="the delayed job runs elsewhere")
def test_a_delayed_job_is_in_no_workers_hands(
    sender: JobBroker, pools: Callable[..., Pool], log: Path
) -> None:
    """P8: of the workers that were there when it was sent, none need be there when it is due."""
    killed = pools(url_of(sender), log, "-t", "1", lease=LEASE)
    sender.enqueue(app.work.message("first"))
    sender.join("default", timeout=120_000)  # or it would run again, once its worker is killed
    sent = time.time()
    sender.enqueue(app.work.message("delayed"), delay=1_500)
    until_held(sender)
    killed.kill()
    pools(url_of(sender), log, "-t", "1", lease=LEASE)
    until(lambda: len(app.events(log)) == 2, 10, "the delayed job runs elsewhere")

    assert app.events(log)[1][2] - sent >= 1.5
