"""The overview: right with nothing there yet, with work and workers, and what can be done from it."""

from __future__ import annotations

import html
import re
import time

import pytest
from fastapi.testclient import TestClient

from actors import send_comment_for_scoring
from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.minutes import note_minute
from osmod.jobs.queue.presence import Request, give_sign_of_life, workers
from osmod.jobs.records.overview import queue_overview
from osmod.web.pages.frame.session import CSRF
from tests.pages.conftest import SignIn

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]


def shown(page: str) -> str:
    """The texts of a page, in a line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_with_nothing_there(client: TestClient, sign_in: SignIn, queue: JobBroker) -> None:
    """It says what is missing, and how it comes into being."""
    sign_in(Role.VIEWER)
    said = shown(client.get("/ui/overview").text)
    for part in (
        "No worker lives. Nothing is done until one is started: osmod worker",
        "0 jobs done",
        "There is none: nobody is told of decisions",
    ):
        assert part in said


def test_work_and_workers(client: TestClient, sign_in: SignIn, queue: JobBroker) -> None:
    """Jobs without anyone who does them are said, a worker is shown with what can be asked of it."""
    note_minute(queue, ["default"])
    for comment_id in range(3):
        send_comment_for_scoring.send(comment_id=comment_id)
    csrf = sign_in("admin")
    assert "No worker serves it: start" in shown(client.get("/ui/overview").text)
    give_sign_of_life(queue, threads=8, running=2, queues=["default"], since=time.time(), first=True)
    (worker,) = workers(queue)
    page = client.get("/ui/overview?later").text
    assert f"{worker.process} works 2/8" in shown(page)
    assert "No worker serves it" not in page
    answer = client.post(f"/ui/workers/{worker.name}/quiet", data={CSRF: csrf})
    assert f"{worker.name} finishes what runs" in answer.text
    assert Request.QUIET is workers(queue)[0].asked


def test_pausing(client: TestClient, sign_in: SignIn, queue: JobBroker) -> None:
    """By a form with scripts, which is answered on the open page, as without; who did it is said."""
    csrf = sign_in(Role.OPERATOR)
    within = {"HX-Request": "true", "X-CSRF-Token": csrf}
    answer = client.post("/ui/queues/default/pause", headers=within)
    assert (200, True) == (answer.status_code, "default is paused" in answer.text)
    assert queue_overview(queue, "default").paused
    assert "by service (user 4)" in shown(client.get("/ui/overview").text)
    whole = client.post("/ui/queues/default/resume", data={CSRF: csrf}, headers={"Referer": "/ui/overview"})
    assert "default goes on." in whole.text
    assert not queue_overview(queue, "default").paused
    missing = client.post("/ui/queues/defualt/pause", headers=within)
    assert (404, "#said") == (missing.status_code, missing.headers["HX-Retarget"])
    assert "did you mean" in missing.text


def test_an_act_asks_without_scripts(client: TestClient, sign_in: SignIn, queue: JobBroker) -> None:
    """On a page of its own, and is done once that is said yes to; the way back leads to where its form stands."""
    csrf = sign_in(Role.OPERATOR)
    note_minute(queue, ["default"])
    give_sign_of_life(queue, threads=8, running=2, queues=["default"], since=time.time(), first=True)
    (worker,) = workers(queue)
    page = client.get("/ui/overview").text
    form = next(one for one in re.findall(r"<form.*?</form>", page, re.S) if "/stop" in one)
    fields = {name: html.unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form)}
    address = f"/ui/workers/{worker.name}/stop"

    asked = client.post(
        address, data={**fields, CSRF: csrf}, headers={"Referer": "http://testserver/ui/overview?later"}
    )
    assert (200, True) == (asked.status_code, f"Stop {worker.name}? It ends once" in shown(asked.text))
    assert None is workers(queue)[0].asked
    assert '<a class="button" href="/ui/overview?later">Leave it</a>' in asked.text

    fields = dict(
        re.findall(
            r'name="(\w+)" value="([^"]*)"', re.findall(r'(<form[^>]*/stop".*?)</form>', asked.text, re.S)[0]
        )
    )
    done = client.post(
        address, data=fields, headers={"Referer": f"http://testserver{address}"}, follow_redirects=False
    )
    assert (303, "/ui/overview?later") == (done.status_code, done.headers["location"])
    assert Request.STOP is workers(queue)[0].asked


def test_scripts_have_asked(client: TestClient, sign_in: SignIn, queue: JobBroker) -> None:
    """So it is done at once."""
    csrf = sign_in(Role.OPERATOR)
    give_sign_of_life(queue, threads=8, running=2, queues=["default"], since=time.time(), first=True)
    (worker,) = workers(queue)
    within = {"HX-Request": "true", "X-CSRF-Token": csrf}
    client.post(f"/ui/workers/{worker.name}/stop", data={"ask": "Stop it?"}, headers=within)
    assert Request.STOP is workers(queue)[0].asked


def test_a_viewer_is_shown_no_acts(client: TestClient, sign_in: SignIn, queue: JobBroker) -> None:
    """What one may not do is not offered."""
    sign_in(Role.VIEWER)
    assert "/pause" not in client.get("/ui/overview").text
