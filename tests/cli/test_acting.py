"""An act on many jobs that is stopped half-way: what was done is said, and the same command does the rest."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import dramatiq
import pytest

from osmod.cli import acting
from osmod.jobs.broker import JobBroker
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import count
from osmod.jobs.states import JobState
from osmod.jobs.steering import acts, audit_log, course
from tests.cli.conftest import Run
from tests.redis_servers import Server

pytestmark = pytest.mark.only_on("valkey")

WAITING = JobFilter(states=(JobState.WAITING,))


@pytest.fixture
def queue(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobBroker]:
    """The queue of this process, in which five jobs wait; acts take two at a time."""
    with five_jobs(redis_url, monkeypatch) as broker:
        yield broker


@contextmanager
def five_jobs(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobBroker]:
    broker = JobBroker(url=url, middleware=[])
    monkeypatch.setenv("REDIS_URL", url)
    monkeypatch.setattr(dramatiq.broker, "global_broker", broker)
    monkeypatch.setattr(course, "STEP", 2)
    broker.declare_queue("default")
    broker.send_many([dramatiq.Message[Any]("default", "noop", (n,), {}, {}) for n in range(5)])
    yield broker
    broker.close()


def once_a_step_is_done(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Have something happen after each step of an act."""
    monkeypatch.setattr(acting, "_watching", lambda *_: happens)


def written_down(broker: JobBroker) -> list[tuple[str, int]]:
    return [(act.act, act.count) for act in audit_log(broker)]


@pytest.mark.parametrize("words", [("jobs", "delete", "--all"), ("queues", "purge", "default")], ids=" ".join)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_an_act_between_two_steps(
    queue: JobBroker, run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], number: int
) -> None:
    """Nothing is half done: the sentence, the audit log and the queue agree."""
    once_a_step_is_done(monkeypatch, lambda: signal.raise_signal(number))
    before = signal.getsignal(number)

    result = run(*words, "--yes")

    assert (130, "") == (result.exit_code, result.stdout)
    assert (
        "Stopped: 2 of 5 jobs deleted. The same command goes on with the rest; `osmod audit` has what was done.\n"
        == result.stderr
    )
    assert [(words[1], 2)] == written_down(queue)
    assert 3 == count(queue, WAITING)
    assert before is signal.getsignal(number)


def test_who_asks_twice_does_not_wait_for_the_answer(
    queue: JobBroker, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step under way may be done, which is said."""

    class Hanging:
        def run(self, *_: object) -> None:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(acts, "_DELETE", Hanging())
    result = run("jobs", "delete", "--all", "--yes")
    assert 130 == result.exit_code
    assert "Stopped: 0 of 5 jobs deleted, and perhaps 2 more, of which no answer came. " in result.stderr


def test_before_the_first_step_nothing_was_changed(
    queue: JobBroker, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the jobs are looked for, Ctrl-C ends it at once."""
    monkeypatch.setattr(acts, "every_id", lambda *_: signal.raise_signal(signal.SIGINT))
    result = run("jobs", "delete", "--all", "--yes")
    assert (130, "Stopped; nothing was changed.\n") == (result.exit_code, result.stderr)
    assert [] == written_down(queue)


def test_any_command_ends_by_ctrl_c_as_shells_have_it(
    queue: JobBroker, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 130, without a traceback."""
    monkeypatch.setattr("osmod.cli.job_groups.count", lambda *_: signal.raise_signal(signal.SIGINT))
    result = run("jobs", "count")
    assert (130, "Stopped.\n") == (result.exit_code, result.stderr)


def test_redis_goes_away_half_way(own_redis: Server, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was done by then is said, and what is wrong."""
    with five_jobs(own_redis.url, monkeypatch):
        once_a_step_is_done(monkeypatch, own_redis.kill)
        result = run("jobs", "delete", "--all", "--yes")

    assert (1, "") == (result.exit_code, result.stdout)
    done, error = result.stderr.splitlines()
    assert done.startswith("Stopped: 2 of 5 jobs deleted, and perhaps 2 more, of which no answer came. ")
    assert error.startswith(f"Error: Redis does not answer at {own_redis.url}: ")


def test_an_act_that_takes_long_says_how_far_it_is(
    queue: JobBroker, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On standard error, so that its outcome stands alone."""
    monkeypatch.setattr(acting, "LINE_SECONDS", -1)
    result = run("jobs", "delete", "--all", "--yes")
    assert "5 jobs deleted\n" == result.stdout
    assert " deleted 5 of 5 (" in result.stderr
