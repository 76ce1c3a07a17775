"""What the audit log knows of an act: why, whether it was only tried out, and what is done by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dramatiq
import pytest
from dramatiq import Actor

from osmod.jobs import steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import count
from osmod.jobs.schedules import SchedulesMiddleware, every
from osmod.jobs.steering import audit
from osmod.jobs.steering.audit import Asked, note_as
from tests.found import only
from tests.jobs.records.conftest import Run
from tests.jobs.records.said import read


def acts(run: Run) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = read(run("audit", "--json"))["acts"]
    return listed


def test_a_dry_run_changes_nothing_and_is_written_down(
    broker: JobBroker, run: Run, accept: Actor[..., None]
) -> None:
    """With the number of jobs that were meant, in one entry though they are many."""
    broker.send_many([accept.message(number) for number in range(450)])

    shown = run("jobs", "cancel", "--actor", "acceptComments", "--dry-run", "--reason", "a look")

    assert "450 jobs would be cancelled; nothing was changed\n" == shown.stdout
    assert 450 == count(broker, JobFilter())
    assert [("cancel", 450, True, "a look", "actor=acceptComments")] == [
        (act["act"], act["count"], act["dry_run"], act["reason"], act["what"]) for act in acts(run)
    ]
    assert "cancel, dry run" in run("audit").stdout


def test_the_reason_of_each_act_is_kept(broker: JobBroker, run: Run, accept: Actor[..., None]) -> None:
    """On jobs and on queues; an act without one has none."""
    accept.send(1)
    run("queues", "pause", "default", "--reason", "the database moves")
    run("queues", "resume", "default")
    run("queues", "purge", "default", "--dry-run", "--reason", "how many?")
    run("queues", "purge", "default", "--yes", "--reason", "test data")

    assert [
        ("pause", "the database moves", False),
        ("purge", "how many?", True),
        ("purge", "test data", False),
        ("resume", "", False),
    ] == sorted((act["act"], act["reason"], act["dry_run"]) for act in acts(run))


def test_what_is_sent_by_hand_is_written_down(run: Run, accept: Actor[..., None]) -> None:
    """As a call with its sensitive arguments masked, once: a job that is there already is not sent."""
    job_id = run("enqueue", "accept_comments", "comment_id=12", "note=secret", "--unique", "k").stdout.strip()
    run("enqueue", "accept_comments", "comment_id=12", "--unique", "k")

    act = only(acts(run))
    assert ("enqueue", 1, f"acceptComments(comment_id=12, note=•••) id={job_id}") == (
        act["act"],
        act["count"],
        act["what"],
    )


def test_what_is_done_to_schedules_is_written_down(broker: JobBroker, run: Run) -> None:
    """Pausing one that is paused is nothing done."""
    broker.add_middleware(SchedulesMiddleware())
    dramatiq.actor(actor_name="hourlySweep", periodic=every("1 hour"))(_nothing)
    run("schedules", "pause", "hourly_sweep", "--reason", "quiet please")
    run("schedules", "pause", "hourly_sweep")
    run("schedules", "resume", "hourlySweep")
    run("schedules", "run", "hourlySweep")

    kept = [(act["act"], act["what"].split()[0], act["reason"]) for act in acts(run)]
    assert [
        ("pause schedule", "schedule=hourlySweep", "quiet please"),
        ("resume schedule", "schedule=hourlySweep", ""),
        ("run schedule", "schedule=hourlySweep", ""),
    ] == sorted(kept)


def test_what_older_versions_wrote_is_read(broker: JobBroker) -> None:
    """Their entries have no reason, and were no dry runs."""
    fields = {"act": "retry", "who": "ann@desk", "id": "1", "what": "all", "count": "3"}
    broker.client.xadd("dramatiq:{default}:audit", fields)
    act = only(steering.audit_log(broker, queue="default"))
    assert ("retry", 3, "", False) == (act.act, act.count, act.reason, act.dry_run)
    broker.client.expire("dramatiq:{default}:audit", 60)


def test_an_act_in_parts_is_one_entry(broker: JobBroker) -> None:
    """However many other acts come between its parts; it stands where the last of them does."""
    head = Asked("ann@desk").head("all")
    for number in range(3):
        note_as(broker, head, "delete", "default", 400)
        audit.note(broker, "cancel", f"id={number}", queue="default")
    expected = [("cancel", 1), ("delete", 1_200), ("cancel", 1), ("cancel", 1)]
    assert expected == [(act.act, act.count) for act in steering.audit_log(broker, queue="default")]
    assert 4 == broker.client.xlen("dramatiq:{default}:audit")


def test_a_page_reads_what_it_shows(broker: JobBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    """However far back it lies, though a moment has more acts than a page; each act is shown once."""
    for queue in ("default", "other"):
        broker.declare_queue(queue)
        key = f"dramatiq:{{{queue}}}:audit"
        for number in range(30):
            fields = {"act": "retry", "who": "ann", "id": f"{queue}{number}", "what": "all", "count": "1"}
            broker.client.xadd(key, fields, id=f"{1_000 + number // 10}-{number}")
        broker.client.expire(key, 60)
    read: list[int] = []
    monkeypatch.setattr(broker.client, "xrevrange", _counting(broker.client.xrevrange, read))

    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = steering.audit_page(broker, limit=7, cursor=cursor)
        assert sum(read) <= 2 * (7 + 1)
        read.clear()
        seen += [act.id for act in page.acts]
        cursor = page.cursor
    assert 60 == len(seen) == len(set(seen))


def _counting(find: Callable[..., list[Any]], read: list[int]) -> Callable[..., list[Any]]:
    def counted(*arguments: Any, **options: Any) -> list[Any]:
        rows = find(*arguments, **options)
        read.append(len(rows))
        return rows

    return counted


def _nothing() -> None:
    """Nothing runs here."""
