"""Queues, schedules, workers, the audit log and figures over HTTP."""

from __future__ import annotations

import os
import socket
import time
from typing import Any
from urllib.parse import quote

import pytest

import actors
from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.presence import give_sign_of_life, workers
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import count
from osmod.jobs.steering import audit_log
from tests.web.api.jobs.conftest import Ask

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]


def acts(broker: JobBroker) -> list[tuple[str, str, str]]:
    return [(one.act, one.who, one.reason) for one in reversed(audit_log(broker))]


def test_queues_are_listed_paused_and_resumed(broker: JobBroker, ask: Ask) -> None:
    """By operators; each act is written down with the caller's name."""
    actors.heartbeat.send()
    listed = ask("GET", "/queues", role=Role.VIEWER).json()["queues"]
    assert {"default": 1} == {one["queue"]: one["waiting"] for one in listed if one["waiting"]}

    assert {"changed": True} == ask("POST", "/queues/default/pause?reason=a deploy").json()
    assert {"changed": False} == ask("POST", "/queues/default/pause").json()
    assert "service (user 4)" == ask("GET", "/queues/default").json()["paused_by"]
    assert {"changed": True} == ask("POST", "/queues/default/resume").json()
    assert [("pause", "service (user 4)", "a deploy"), ("resume", "service (user 4)", "")] == acts(broker)


def test_an_unknown_queue_is_a_404(ask: Ask) -> None:
    """With what was meant."""
    for method, path in ("GET", ""), ("POST", "/pause"), ("POST", "/purge"), ("GET", "/check"):
        answer = ask(method, f"/queues/defalt{path}")
        assert 404 == answer.status_code
        assert "did you mean 'default'?" in answer.json()["detail"]


def test_a_queue_is_emptied_once_the_number_is_confirmed(broker: JobBroker, ask: Ask) -> None:
    """A rehearsal counts only."""
    for _ in range(2):
        actors.heartbeat.send()
    assert 2 == ask("POST", "/queues/default/purge").json()["count"]
    assert {"count": 2, "dry_run": True} == ask("POST", "/queues/default/purge?dry_run=true").json()
    assert 2 == count(broker, JobFilter())
    assert {"count": 2} == ask("POST", "/queues/default/purge?confirm=2").json()
    assert 0 == count(broker, JobFilter())


def test_a_queue_is_checked_and_mended(broker: JobBroker, ask: Ask) -> None:
    """Viewers look, operators mend."""
    sent = actors.heartbeat.send()
    broker.client.zrem("dramatiq:{default}:ready", sent.message_id)

    found = ask("GET", "/queues/default/check", role=Role.VIEWER).json()
    assert ([sent.message_id], False) == ([one["message_id"] for one in found["problems"]], found["mended"])
    assert 403 == ask("POST", "/queues/default/check", role=Role.VIEWER).status_code
    assert ask("POST", "/queues/default/check").json()["mended"]
    assert [] == ask("GET", "/queues/default/check").json()["problems"]


def test_schedules_are_listed_run_and_paused(broker: JobBroker, ask: Ask) -> None:
    """In either spelling; a run that is not done makes the next a 409."""
    names = {one["name"] for one in ask("GET", "/schedules", role=Role.VIEWER).json()["schedules"]}
    assert "checkCounts" in names
    assert 201 == ask("POST", "/schedules/check_counts/run").status_code
    assert 409 == ask("POST", "/schedules/checkCounts/run").status_code
    assert {"changed": True} == ask("POST", "/schedules/checkCounts/pause?reason=noise").json()
    assert {"changed": False} == ask("POST", "/schedules/checkCounts/pause").json()
    assert {"changed": True} == ask("POST", "/schedules/checkCounts/resume").json()
    assert "did you mean 'checkCounts'?" in ask("POST", "/schedules/checkCount/run").json()["detail"]
    assert [
        ("run schedule", "service (user 4)", ""),
        ("pause schedule", "service (user 4)", "noise"),
        ("resume schedule", "service (user 4)", ""),
    ] == acts(broker)


def test_workers_are_listed_and_asked(broker: JobBroker, ask: Ask) -> None:
    """One by its name, several once their number is confirmed."""
    assert 404 == ask("POST", "/workers/quiet?all=true").status_code
    give_sign_of_life(broker, threads=8, running=0, queues=["default"], since=time.time(), first=True)
    name = f"{socket.gethostname()}:{os.getpid()}"

    (listed,) = ask("GET", "/workers", role=Role.VIEWER).json()["workers"]
    assert (name, []) == (listed["worker"], listed["jobs"])
    assert {"count": 1} == ask("POST", f"/workers/{name}/quiet?reason=a profile").json()
    assert ["quiet"] == [one.asked for one in workers(broker)]
    assert {"count": 1} == ask("POST", f"/workers/resume?worker={socket.gethostname()}").json()
    assert 422 == ask("POST", "/workers/stop").status_code
    assert f"did you mean '{name}'?" in ask("POST", f"/workers/{name}1/stop").json()["detail"]
    assert [
        ("quiet workers", "service (user 4)", "a profile"),
        ("resume workers", "service (user 4)", ""),
    ] == acts(broker)


def test_several_workers_have_to_be_confirmed(
    broker: JobBroker, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With their number."""
    for process in (1, 2):
        monkeypatch.setattr("os.getpid", lambda process=process: process)
        give_sign_of_life(broker, threads=8, running=0, queues=["default"], since=time.time(), first=True)
    monkeypatch.undo()
    monkeypatch.setattr("dramatiq.broker.global_broker", broker)

    assert "2 workers would stop." in ask("POST", "/workers/stop?all=true").json()["detail"]
    assert [None, None] == [one.asked for one in workers(broker)]
    assert {"count": 2} == ask("POST", "/workers/stop?all=true&confirm=2").json()


def test_the_audit_log_is_shown(broker: JobBroker, ask: Ask) -> None:
    """Newest first, of one queue if asked."""
    ask("POST", "/queues/default/pause")
    ask("POST", "/queues/default/resume")

    assert ["resume", "pause"] == [
        one["act"] for one in ask("GET", "/audit", role=Role.VIEWER).json()["acts"]
    ]
    assert ["resume"] == [one["act"] for one in ask("GET", "/audit?queue=default&limit=1").json()["acts"]]
    assert [] == ask("GET", "/audit?until=2 hours").json()["acts"]
    last = ask("GET", "/audit?limit=1").json()["acts"][0]["at"]
    assert ["resume", "pause"] == [
        one["act"] for one in ask("GET", f"/audit?until={quote(last)}").json()["acts"]
    ]
    assert (422, "until") == ((bad := ask("GET", "/audit?until=x")).status_code, bad.json()["field"])
    assert "did you mean 'default'?" in ask("GET", "/audit?queue=defalt").json()["hints"][0]


def test_the_audit_log_comes_in_pages(broker: JobBroker, ask: Ask) -> None:
    """Each act once, however many fell into one moment."""
    _write_acts(broker)
    whole = ask("GET", "/audit").json()
    assert whole["cursor"] is None
    assert ["c", "a", "d", "b"] == [one["id"] for one in whole["acts"]]

    paged, cursor = [], ""
    while cursor is not None:
        page = ask("GET", f"/audit?limit=1&cursor={cursor}").json()
        paged += page["acts"]
        cursor = page["cursor"]
        assert len(page["acts"]) == 1
    assert whole["acts"] == paged


@pytest.mark.parametrize("cursor", ["x", "e30", "WzFlOTk5LCAiIiwgIiJd", "ü"])
def test_a_cursor_of_nowhere_is_refused(broker: JobBroker, ask: Ask, cursor: str) -> None:
    """With the field's name."""
    bad = ask("GET", f"/audit?cursor={quote(cursor)}")
    assert (422, "cursor") == (bad.status_code, bad.json()["field"])


def _write_acts(broker: JobBroker) -> None:
    """Three at one moment, then one more."""
    key = "dramatiq:{default}:audit"
    for entry, act in ("1000-0", "b"), ("1000-1", "d"), ("1000-2", "a"), ("2000-0", "c"):
        fields: dict[Any, Any] = {"act": "retry", "who": "ann", "id": act, "what": "all", "count": 1}
        broker.client.xadd(key, fields, id=entry)
    broker.client.expire(key, 60)


def test_figures_are_those_of_top(broker: JobBroker, ask: Ask) -> None:
    """Queues with their rates, what runs, who lives."""
    actors.heartbeat.send()
    shown = ask("GET", "/stats?every=0.2", role=Role.VIEWER).json()
    assert {"queues", "running", "workers"} == set(shown)
    queue = next(one for one in shown["queues"] if one["queue"] == "default")
    assert (1, 0) == (queue["waiting"], queue["per_second"]["done"])
