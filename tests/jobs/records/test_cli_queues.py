"""`osmod queues`, `osmod audit`, `osmod top`: what they print and how they end."""

from __future__ import annotations

import json
import threading

import dramatiq
import pytest
import redis
from dramatiq import Actor

import actors  # noqa: F401 - declared before any test's broker is set
from osmod.cli.repainting import seen
from osmod.jobs import current_job, steering
from osmod.jobs.broker import JobBroker
from tests.jobs.conftest import working
from tests.jobs.records.conftest import Run
from tests.jobs.records.said import read
from tests.waiting import until


def test_queues_are_listed_paused_resumed_and_purged(
    broker: JobBroker, run: Run, accept: Actor[..., None]
) -> None:
    """Each says what it did; a purge asks with the true count."""
    for number in range(3):
        accept.send(number)

    listed = read(run("queues", "list", "--json"))["queues"]
    assert ("default", 3, None) == (listed[0]["queue"], listed[0]["waiting"], listed[0]["paused"])
    assert listed[0]["oldest_waiting"] >= 0
    assert "default is paused\n" == run("queues", "pause", "default").stdout
    assert "default was paused already\n" == run("queues", "pause", "default").stdout
    assert "paused for" in run("queues", "list").stdout
    assert "default goes on\n" == run("queues", "resume", "default").stdout
    assert (
        "3 jobs of default would be deleted, waiting ones among them. Add --yes to do it.\n"
        == run("queues", "purge", "default").stderr
    )
    assert {"count": 3} == read(run("queues", "purge", "default", "--yes", "--json"))
    assert 3 == run("queues", "purge", "default", "--yes").exit_code
    missing = run("queues", "pause", "defalt")
    assert 2 == missing.exit_code
    assert "there is no queue 'defalt'; did you mean 'default'?" in missing.output


def test_queues_check_finds_and_mends(broker: JobBroker, run: Run, accept: Actor[..., None]) -> None:
    """Exit code 1 while something is wrong."""
    assert "All is in order.\n" == run("queues", "check").stdout
    job_id = accept.send(12).message_id
    broker.client.delete(f"dramatiq:{{default}}:job:{job_id}")

    found = run("queues", "check")
    assert 1 == found.exit_code
    assert (
        f"default: job {job_id} is waiting without record (--repair: removed from the set)\n"
        "1 problem; nothing was changed. Mend with: osmod queues check --repair\n"
    ) == found.stdout
    assert 1 == len(json.loads(run("queues", "check", "--json").stdout)["problems"])
    mended = run("queues", "check", "--repair")
    assert (0, True) == (mended.exit_code, mended.stdout.endswith("\n1 problem; mended.\n"))
    assert "(mended: removed from the set)" in mended.stdout
    assert {"problems": [], "mended": False} == read(run("queues", "check", "--json"))


def test_top_goes_on_while_redis_is_away() -> None:
    """What is wrong stands on the screen in the place of the picture."""

    def look() -> None:
        raise redis.ConnectionError("Error 111 connecting to queue:6379. Connection refused.")

    shown = str(seen(look))
    assert shown.startswith("Redis does not answer (Error 111 connecting to queue:6379.")
    assert shown.endswith("; looking again.")


def test_the_audit_log_shows_who_did_what(run: Run, accept: Actor[..., None]) -> None:
    """The act, how many jobs, which were meant."""
    accept.send(12)
    run("jobs", "cancel", "comment_id=12", "--yes")

    logged = read(run("audit", "--json"))["acts"]
    assert [("cancel", 1)] == [(act["act"], act["count"]) for act in logged]
    assert 'comment_id="12"' in logged[0]["what"]
    assert "cancel" in run("audit").stdout


def test_top_tells_a_job_that_runs_from_one_fetched_ahead(broker: JobBroker, run: Run) -> None:
    """Both are active and have a worker; only one has a thread."""
    release = threading.Event()

    @dramatiq.actor
    def score(comment_id: int) -> None:
        release.wait(120)

    def shown() -> list[tuple[str, bool, bool]]:
        lines = [line for line in run("top", "--every", "0.2").stdout.splitlines() if "score(" in line]
        return [(line.split()[0], "Thread" in line, "(fetched ahead)" in line) for line in lines]

    score.send(1)
    score.send(2)
    with working(broker, threads=1):
        until(lambda: shown() == [("score(comment_id=1)", True, False), ("score(comment_id=2)", False, True)])
        release.set()


def test_top_shows_queues_running_jobs_and_workers(broker: JobBroker, run: Run) -> None:
    """One picture where there is no terminal."""
    release = threading.Event()

    @dramatiq.actor
    def score(comment_id: int) -> None:
        current_job().progress(1, 2, "half")
        release.wait(120)

    score.send(12)
    with working(broker):
        parts = {"score(comment_id=12)", "half", "1/4"}
        until(lambda: parts <= set(run("top", "--every", "0.2").stdout.split()))
        plain = read(run("top", "--every", "0.2", "--json"))
        release.set()

    assert 1 == plain["queues"][0]["active"]
    assert 4 == plain["workers"][0]["threads"]
    assert "No worker lives" in run("top", "--every", "0.2").stdout


@pytest.mark.only_on("valkey")
@pytest.mark.parametrize(("act", "done"), [("pause", "is paused"), ("resume", "goes on")])
def test_an_answer_that_is_lost(
    broker: JobBroker, run: Run, monkeypatch: pytest.MonkeyPatch, act: str, done: str
) -> None:
    """Redis may have done what it was asked: that is said, and not only that it is away."""

    def loses_its_answer(*_: object, **__: object) -> bool:
        raise redis.TimeoutError("Timeout reading from socket")

    dramatiq.actor(actor_name="one")(lambda: None).send()
    monkeypatch.setattr(steering, act, loses_its_answer)
    said = run("queues", act, "default")
    assert 1 == said.exit_code
    assert said.stderr.startswith(f"Perhaps default {done} all the same: no answer came.")
