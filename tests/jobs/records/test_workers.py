"""`osmod workers`: what lives and what it runs; being quiet, going on, and who asked for it."""

from __future__ import annotations

import os
import socket
import threading
from typing import Any

import dramatiq
import pytest
from dramatiq import Actor

from osmod.jobs import steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.queue import presence
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import count
from osmod.jobs.states import JobState
from tests.found import only
from tests.jobs.conftest import working
from tests.jobs.records.conftest import Run
from tests.jobs.records.said import read
from tests.waiting import until

NAME = f"{socket.gethostname()}:{os.getpid()}"


@pytest.fixture
def release(broker: JobBroker, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Lets the jobs of `score` end. Signs of life come faster than usual."""
    monkeypatch.setattr(presence, "SIGN_OF_LIFE", 0.1)
    return threading.Event()


@pytest.fixture
def score(broker: JobBroker, release: threading.Event) -> Actor[..., None]:
    """A job that takes as long as the test likes."""

    @dramatiq.actor(actor_name="score")
    def score(comment_id: int) -> None:
        release.wait(120)

    return score


def the_worker(run: Run) -> dict[str, Any]:
    found: dict[str, Any] = only(until(lambda: read(run("workers", "list", "--json"))["workers"]))
    return found


def waiting(broker: JobBroker) -> int:
    return count(broker, JobFilter(states=(JobState.WAITING,)))


def test_what_lives_and_runs_is_listed(
    broker: JobBroker, run: Run, score: Actor[..., None], release: threading.Event
) -> None:
    """Each process with its memory, version and queues, and below it its jobs."""
    nobody = "No worker lives: start one with `osmod worker`.\n"  # As `osmod check` says it.
    assert nobody == run("workers", "list").output
    assert nobody in run("top", "--once", "--every", "0.2").output
    score.send(12)
    with working(broker, threads=3):
        until(lambda: the_worker(run)["running"] == 1)
        worker, shown = the_worker(run), run("workers", "list").stdout
        release.set()

    assert (NAME, 3, ["default"], False, None) == tuple(
        worker[name] for name in ("worker", "threads", "queues", "quiet", "asked")
    )
    assert worker["memory"] > 1_000_000
    assert worker["version"]
    assert ["score"] == [job["actor"] for job in worker["jobs"]]
    assert "score(comment_id=12)" in shown
    assert NAME in shown


def test_a_quiet_worker_ends_what_runs_and_begins_nothing(
    broker: JobBroker, run: Run, score: Actor[..., None], release: threading.Event
) -> None:
    """What it had in stock is back in the queue; once resumed it takes it, in order."""
    for number in range(5):
        score.send(number)
    with working(broker, threads=1):
        until(lambda: the_worker(run)["running"] == 1)
        assert "1 worker asked to be quiet\n" == run("workers", "quiet", NAME, "--reason", "a look").stdout
        until(lambda: the_worker(run)["quiet"])
        until(lambda: waiting(broker) == 4)
        release.set()
        until(lambda: the_worker(run)["running"] == 0)
        until(lambda: count(broker, JobFilter(states=(JobState.DONE,))) == 1)
        assert 4 == waiting(broker)
        assert "quiet" in run("workers", "list").stdout

        assert "1 worker asked to go on\n" == run("workers", "resume", NAME.partition(":")[0]).stdout
        until(lambda: count(broker, JobFilter(states=(JobState.DONE,))) == 5)
        until(lambda: not the_worker(run)["quiet"])

    assert [
        ("quiet workers", f"worker={NAME}", "a look", ""),
        ("resume workers", f"worker={NAME}", "", ""),
    ] == sorted((act.act, act.what, act.reason, act.queue) for act in steering.audit_log(broker))


def test_what_was_asked_ends_with_the_process(
    broker: JobBroker, run: Run, score: Actor[..., None], release: threading.Event
) -> None:
    """One that has its name later was asked nothing."""
    release.set()
    with working(broker):
        until(lambda: presence.workers(broker))
        run("workers", "quiet", "--all")
        until(lambda: the_worker(run)["quiet"])
    # One that died did not take its leave.
    broker.client.hset("dramatiq:{workers}:requests", NAME, "quiet")
    broker.client.expire("dramatiq:{workers}:requests", 60)
    score.send(1)
    with working(broker):
        until(lambda: count(broker, JobFilter(states=(JobState.DONE,))) == 1)
        assert not until(lambda: presence.workers(broker))[0].quiet


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["quiet"], 2, "say which workers to quiet: as `osmod workers list` shows them, or --all."),
        (["stop", "nowhere:1"], 3, "No worker is called 'nowhere:1'; "),
    ],
)
def test_who_is_meant_must_be_said(
    broker: JobBroker, run: Run, score: Actor[..., None], words: list[str], code: int, said: str
) -> None:
    """And must live."""
    with working(broker):
        until(lambda: presence.workers(broker))
        result = run("workers", *words)
    assert code == result.exit_code
    assert said in result.output
    assert 3 == run("workers", "quiet", "--all").exit_code


def test_several_are_asked_for_after_a_question(broker: JobBroker, run: Run) -> None:
    """With their number."""
    for process in ("1", "2"):
        broker.client.hset(
            "dramatiq:{workers}:workers",
            f"host:{process}",
            f'{int(broker.client.time()[0]) * 1000} {{"threads": 1, "running": 0, "queues": [], "since": 0}}',
        )
    broker.client.expire("dramatiq:{workers}:workers", 60)

    asked = run("workers", "stop", "host")
    assert (4, "2 workers would stop. Add --yes to do it.\n") == (asked.exit_code, asked.stderr)
    assert "2 workers asked to stop\n" == run("workers", "stop", "host", "--yes").stdout
    assert ["stop", "stop"] == [one.asked for one in presence.workers(broker)]
