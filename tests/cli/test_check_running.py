"""`osmod check` of the running system: what a monitor must hear of, each with what to type next."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dramatiq
import pytest
from sqlalchemy import Engine

from osmod.cli.checks import (
    check_outbox,
    check_queues,
    check_scheduler,
    check_workers,
)
from osmod.cli.checks.asking import PATIENCE, Asking
from osmod.cli.checks.finding import Level, error, ok, warning
from osmod.cli.checks.queue import loaded_actors
from osmod.cli.checks.scheduler import judge as judge_schedules
from osmod.jobs import steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.presence import give_sign_of_life
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.schedules import every
from osmod.jobs.schedules.middleware import SchedulesMiddleware
from osmod.moderation.database import open_session
from osmod.moderation.models import OutboxEntry
from osmod.settings import read_settings
from tests.cli.conftest import Run
from tests.found import only
from tests.redis_servers import Server

pytestmark = pytest.mark.only_on("valkey")


@pytest.fixture
def queue(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobBroker]:
    """The queue of the settings, with nobody at work."""
    monkeypatch.setenv("REDIS_URL", redis_url)
    broker = JobBroker(url=redis_url, middleware=[])
    yield broker
    broker.close()


def actor(broker: JobBroker, queue_name: str = "default") -> dramatiq.Actor[[], None]:
    """Something to send."""
    declare = dramatiq.actor(broker=broker, actor_name=f"noop_{queue_name}", queue_name=queue_name)
    return declare(lambda: None)


def works(broker: JobBroker, *queues: str) -> None:
    """Say that a worker lives."""
    give_sign_of_life(broker, threads=8, running=2, queues=queues, since=time.time())


def test_a_right_that_operators_lack_is_no_silence(
    own_redis: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user may know of the server, and of one queue alone: what cannot be looked at is an error."""
    own_redis.ask("ACL", "SETUSER", "one", "on", ">password", "~dramatiq:{default}:*", "+@all")
    monkeypatch.setenv("REDIS_URL", own_redis.url.replace("://", "://one:password@"))
    asking = Asking("Redis", {"workers": check_workers, "queues": check_queues}, read_settings())
    asking.start()
    found = only(asking.findings(time.monotonic() + PATIENCE)["workers"])
    assert Level.ERROR is found.level
    assert "docs/operations.md lists the rights of each program" in found.message
    assert [] == asking.findings(time.monotonic() + PATIENCE)["queues"], "said once"


def test_no_worker_is_alive(queue: JobBroker) -> None:
    """A warning; an error once jobs wait for one."""
    assert [warning("no worker is alive: start one with `osmod worker`.")] == list(
        check_workers(read_settings())
    )
    actor(queue).send()
    assert [error("no worker is alive, and 1 job waits: start one with `osmod worker`.")] == list(
        check_workers(read_settings())
    )
    works(queue, "default")
    assert [ok("1 worker process with 8 threads, 2 at work")] == list(check_workers(read_settings()))


def test_a_queue_that_no_worker_serves(queue: JobBroker) -> None:
    """Its jobs wait for ever, whoever else lives."""
    works(queue, "default", "other")
    actor(queue, "other").send()
    assert 1 == len(list(check_workers(read_settings())))
    works(queue, "default")
    assert (
        error("queue other: 1 job waits and no worker serves it: start `osmod worker -Q other`.")
        == list(check_workers(read_settings()))[1]
    )


def test_the_oldest_job_waits_for_too_long(queue: JobBroker) -> None:
    """By the limit that is given; a job that was put off has waited since it was due."""
    message = actor(queue).send()
    queue.client.hset(
        f"dramatiq:{{default}}:job:{message.message_id}", "created", _millis(timedelta(hours=1))
    )
    found = only(check_queues(read_settings()))
    assert Level.WARNING is found.level
    assert found.message.startswith("default: 1 job waits, the oldest for 60 min (limit 5 min): `osmod top` ")
    assert [Level.OK] == [one.level for one in check_queues(read_settings(), max_waiting=timedelta(hours=2))]
    queue.client.hset(f"dramatiq:{{default}}:job:{message.message_id}", "due", _millis(timedelta(seconds=9)))
    assert [ok("default: 1 waiting, 0 delayed, 0 active, 0 failed")] == list(check_queues(read_settings()))


def test_many_queues(queue: JobBroker) -> None:
    """Those that are well share a line, so that the others are seen."""
    for number in range(12):
        actor(queue, f"queue{number}").send()
    steering.pause(queue, "queue7")
    paused, well = check_queues(read_settings())
    assert paused.message.startswith("queue7 has been paused for ")
    assert ok("12 queues are well: 11 waiting, 0 delayed, 0 active, 0 failed") == well


def test_too_many_jobs_failed(queue: JobBroker) -> None:
    """More than the limit, which may be 0."""
    queue.client.zadd(
        "dramatiq:{default}:failed", {f"job{number}": time.time() * 1000 for number in range(101)}
    )
    found = only(check_queues(read_settings()))
    assert Level.WARNING is found.level
    assert found.message.startswith(
        "default: 101 jobs failed (limit 100): `osmod jobs groups --queue default` "
    )
    assert [Level.OK] == [one.level for one in check_queues(read_settings(), max_failed=101)]


def test_a_queue_is_paused(queue: JobBroker) -> None:
    """By whom and for how long, instead of a complaint about what waits."""
    actor(queue).send()
    steering.pause(queue, "default")
    found = only(check_queues(read_settings()))
    assert Level.WARNING is found.level
    assert found.message.startswith("default has been paused for ")
    assert found.message.endswith(", 1 job waits: `osmod queues resume default`.")
    steering.delete(queue, JobFilter(queue="default"))


def test_the_scheduler(queue: JobBroker) -> None:
    """None was there; one has just registered; none has sent what was due for a while."""
    assert [warning("no scheduler has run yet: start one with `periodiq worker`.")] == list(
        check_scheduler(read_settings())
    )
    actors = loaded_actors()
    periodic = {name: one.options["periodic"] for name, one in actors.items() if "periodic" in one.options}
    SchedulesMiddleware().store(queue).register(periodic, datetime.now(UTC))
    assert [ok("the scheduler sends what is due")] == list(check_scheduler(read_settings()))


@pytest.mark.parametrize(
    ("minutes", "paused", "level"), [(3, "0", Level.OK), (13, "0", Level.ERROR), (13, "1", Level.OK)]
)
def test_a_scheduler_that_is_late(minutes: int, paused: str, level: Level) -> None:
    """A slot that has been due for two minutes was sent by nobody, unless its schedule is paused."""
    now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    settled = str(int((now - timedelta(minutes=minutes)).timestamp() * 1000))
    found = judge_schedules(
        {"sweep": every("10 minutes")}, {"sweep": {"last_slot": settled, "paused": paused}}, now
    )
    assert level is found.level


def test_the_outbox_is_behind(settled: Engine) -> None:
    """A job owed for more than a minute; younger ones are on their way."""
    now = datetime.now(UTC)
    with open_session(settled) as session:
        session.add(OutboxEntry(message_id="a", actor="addTag", arguments={}, created_at=now))
        session.commit()
    assert [ok("nothing has been owed for more than 60 s")] == list(check_outbox(read_settings()))
    with open_session(settled) as session:
        session.add(
            OutboxEntry(message_id="b", actor="addTag", arguments={}, created_at=now - timedelta(minutes=10))
        )
        session.commit()
    assert [
        warning(
            "1 job waits in the outbox, owed by committed changes, the oldest for 10 min: "
            "`osmod schedules run sweepOutbox` queues them, as `periodiq worker` does every minute."
        )
    ] == list(check_outbox(read_settings()))


@pytest.mark.timed
def test_a_redis_and_a_database_that_hang(
    run: Run, own_redis: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is named after five seconds, both at once; what needs neither is told all the same."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        monkeypatch.setenv("REDIS_URL", own_redis.url)
        port = deaf.getsockname()[1]
        monkeypatch.setenv("DATABASE_URL", f"mysql+pymysql://me@127.0.0.1:{port}/os")
        run("check", "--quick")  # loads what it needs
        own_redis.freeze()
        began = time.monotonic()
        result = run("check")
        took = time.monotonic() - began
    # Whoever is the first to have enough: the driver, or the check, a moment later.
    at = f"at mysql+pymysql://me@127.0.0.1:{port}/os"
    named = (
        f"  ✗ the database does not answer {at}: it took the connection, and then said nothing for too long",
        f"  ✗ the database {at} has not answered for {PATIENCE:.0f} s: it hangs, is overloaded or cut off.",
    )
    assert 2 == result.exit_code
    assert f"  ✗ Redis does not answer at {own_redis.url}: " in result.output
    assert any(sentence in result.output for sentence in named), result.output
    assert " actors: " in result.output
    assert took < 2 * PATIENCE


@pytest.mark.parametrize("text", ["5m", "300s", "5 minutes", "0.1h"])
def test_limits_as_they_are_typed(run: Run, queue: JobBroker, text: str) -> None:
    """Short or in words."""
    assert run("check", "--max-waiting", text).exit_code in (1, 2)


def test_a_limit_that_is_none(run: Run) -> None:
    """A wrong call, which says what a length of time looks like."""
    result = run("check", "--max-waiting", "5")
    assert "'5' is no duration: it names no unit." in result.output


def _millis(ago: timedelta) -> int:
    return int((datetime.now(UTC) - ago).timestamp() * 1000)
