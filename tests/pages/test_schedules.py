"""The page of schedules."""

from __future__ import annotations

import html
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from osmod.jobs.schedules import list_schedules
from osmod.jobs.schedules.middleware import SchedulesMiddleware
from osmod.jobs.steering import audit_log
from osmod.web.pages.frame.session import CSRF
from tests.pages.conftest import SignIn

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]


def test_what_runs_when(client: TestClient, sign_in: SignIn, queue: JobBroker) -> None:
    """In words, with the next three runs, and the last ones as a strip."""
    sign_in(Role.VIEWER)
    name = list_schedules(queue)[0].name
    store, now = SchedulesMiddleware.of(queue).store(queue), datetime.now(UTC)
    for number, outcome in enumerate(["done"] * 40 + ["retrying", "failed"]):
        run = f"run-{min(number, 40)}"
        store.begin(name, run, now)
        store.reserve(name, run, now, overlap=True)
        took = timedelta(milliseconds=number)
        store.finish(name, run, now, outcome=outcome, duration=took, error="<b>", final=True)

    (state,) = [one for one in list_schedules(queue) if one.name == name]
    assert (30, "run-40", "failed") == (len(state.runs), state.runs[-1].job_id, state.runs[-1].outcome)
    assert 3 == len({*state.upcoming})
    assert state.next == state.upcoming[0] < state.upcoming[1]
    page = client.get("/ui/schedules").text
    assert all(html.escape(one.words) in page for one in list_schedules(queue))
    assert 'aria-label="The last 30 runs: 29 done"' in page
    assert '<time class="clock"' in page
    assert "every 1 " not in page
    (pruning,) = (one for one in page.split("<article") if "pruneJobs" in one)
    assert 1 == pruning.split("Next")[0].count("UTC")
    assert "/pause" not in page, "a viewer cannot act"


def test_acts(client: TestClient, sign_in: SignIn, queue: JobBroker) -> None:
    """Run now leads to the job, and not twice; pause and resume are written down with who did it."""
    csrf = sign_in(Role.OPERATOR)
    name = list_schedules(queue)[0].name

    def act(what: str) -> tuple[int, str]:
        answer = client.post(
            f"/ui/schedules/{name}/{what}", data={CSRF: csrf}, headers={"Referer": "/ui/schedules"}
        )
        return answer.status_code, html.unescape(answer.text)

    status, page = act("run")
    assert (200, True) == (status, f"{name} is queued." in page)
    status, said = act("run")
    assert (409, True) == (status, "is not done" in said)
    assert f"{name} is paused." in act("pause")[1]
    assert "not while it is paused" in client.get("/ui/schedules").text
    assert f"{name} is resumed." in act("resume")[1]
    assert 404 == act("explode")[0]
    assert 404 == client.post("/ui/schedules/none/pause", data={CSRF: csrf}).status_code
    assert ["resume schedule", "pause schedule", "run schedule"] == [one.act for one in audit_log(queue)]
