"""Everything that each kind of program does to Redis, done once. Whatever is refused raises, or is logged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dramatiq
import redis
from click.testing import CliRunner

import actors  # noqa: F401 - declared before any test's broker is set
from osmod.cli import main
from osmod.cli.alive import NotAlive, sign_of_life
from osmod.cli.checks import check_redis
from osmod.cli.checks.finding import Level
from osmod.jobs import current_job
from osmod.jobs.broker import JobBroker
from osmod.jobs.enqueue import enqueue
from osmod.jobs.gate import Gate, GateLimits, Outcome
from osmod.jobs.schedules import SchedulesMiddleware, every
from osmod.jobs.schedules.wallclock import Clock
from osmod.jobs.setup import default_middleware
from osmod.jobs.steering.pruning import prune
from osmod.publishers.update_notifications import publish
from osmod.settings import get_settings
from osmod.task.scorer_gates import gate_to_look_at
from tests.jobs.conftest import working
from tests.waiting import until

#: What an operator does, in this order; each finds something to do.
COMMANDS = (
    "enqueue note number=1",
    "enqueue note number=2 --delay 1hour --unique two",
    "jobs list",
    "jobs list number=1",
    "jobs list --sort oldest",
    "workers list",
    "jobs list --actor note --state waiting",
    "jobs promote --all --yes",
    "jobs prioritise --to high --all --yes",
    "jobs cancel --all --yes",
    "jobs retry --all --yes",
    "jobs watch --seconds 0.02",
    "queues pause default",
    "queues resume default",
    "queues list",
    "jobs groups",
    "jobs count",
    "queues check --repair",
    "top --once --every 0.2",
    "audit",
    "jobs delete --all --yes",
    "schedules list",
    "schedules pause hourly",
    "schedules resume hourly",
    "schedules run hourly",
    "queues purge default --yes",
)

Role = Callable[[str, Callable[[], bool]], None]


class Refused(Exception):
    """A command ended with an error; the message is what it printed."""


class _Clock(Clock):
    time = datetime(2026, 3, 2, 12, 0, 0, 500_000, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


@contextmanager
def _broker(url: str) -> Iterator[JobBroker]:
    broker = JobBroker(url=url, middleware=default_middleware(get_settings()))
    broker.emit_after("process_boot")
    dramatiq.set_broker(broker)
    yield broker
    broker.close()


def _check(url: str, *, ask_config: bool = False) -> None:
    for finding in check_redis(replace(get_settings(), redis_url=url), ask_config=ask_config):
        # That the tests' servers keep nothing is meant.
        keeps_nothing = "written to disk" in finding.message
        if (finding.level is Level.ERROR and not keeps_nothing) or "forbids config|get" in finding.message:
            raise Refused(finding.message)


def _alive(program: str, url: str) -> bool:
    """The health check of a container."""
    try:
        sign_of_life(program, url)
    except NotAlive:
        return False
    except redis.RedisError as error:
        raise Refused(str(error)) from error
    return True


def send(url: str, troubled: Callable[[], bool]) -> None:
    """Server code: jobs one by one and many at once, with every option that is kept in Redis."""
    with _broker(url) as broker:
        note = dramatiq.actor(actor_name="note", index=("number",))(lambda number=0: None)
        note.send(1)
        enqueue(note, number=2, delay=60_000, priority="high", remove_on_complete=True)
        enqueue(note, number=3, unique="three")
        enqueue(note, number=3, unique="three")
        broker.send_many(note.message(number) for number in range(4, 50))


def work(url: str, troubled: Callable[[], bool]) -> None:
    """A worker: runs jobs that report, fail, send, tell of changes and tidy up, until all have or it is `troubled`."""
    ended: set[str] = set()
    with _broker(url) as broker:

        @dramatiq.actor(rate_limit="1000/second", keep_result=True, actor_name="report")
        def report() -> str:
            current_job().progress(1, 2)
            current_job().log("half")
            gate = Gate(broker, "service", GateLimits(per_second=100, concurrency=10))
            gate.enter("one")
            gate.leave("one", Outcome.ok())
            ended.add("report")
            return "result"

        @dramatiq.actor(max_retries=1, min_backoff=1, max_backoff=1, throws=ValueError, actor_name="fail")
        def fail() -> None:
            ended.add(f"fail {current_job().attempt}")
            raise ValueError

        @dramatiq.actor(periodic=every("1 hour"), max_retries=0, actor_name="hourly")
        def hourly() -> None:
            note.send()
            publish(broker, [("comment", "update", 1)])
            prune(broker)
            ended.add("hourly")

        note = dramatiq.actor(actor_name="note")(lambda: ended.add("note"))
        all_ended = {"report", "fail 1", "hourly", "note"}
        with working(broker):
            _check(url)
            for actor in (report, fail, hourly):
                actor.send()
            until(lambda: all_ended <= ended or troubled())
            until(lambda: _alive("worker", url) or troubled())


def schedule(url: str, troubled: Callable[[], bool]) -> None:
    """A scheduler: registers schedules, sends one run, and leaves the next out since that one is not done."""
    _check(url)
    with _broker(url) as broker:
        actor = dramatiq.actor(periodic=every("1 second"), actor_name="ticks")(lambda: None)
        clock = _Clock()
        scheduler = SchedulesMiddleware.of(broker).scheduler([actor], clock=clock)
        for _ in range(3):
            scheduler.step()
            clock.time += timedelta(seconds=1)
        scheduler.signs.give()
        assert _alive("scheduler", url) or troubled()


def operate(url: str, troubled: Callable[[], bool]) -> None:
    """An operator: `COMMANDS`, `osmod check`, and what `osmod scorers` asks of a gate."""
    with _broker(url) as broker:
        dramatiq.actor(actor_name="note", index=("number",))(lambda number: None)
        dramatiq.actor(periodic=every("1 hour"), actor_name="hourly")(lambda: None)
        _check(url, ask_config=True)
        for command in COMMANDS:
            result = CliRunner().invoke(main, command.split(), prog_name="osmod")
            if result.exit_code:
                raise Refused(f"{command}: {result.output}") from result.exception
        gate = gate_to_look_at(broker, 7)
        gate.state()
        gate.reset()


ROLES: dict[str, Role] = {"sender": send, "worker": work, "scheduler": schedule, "operator": operate}
