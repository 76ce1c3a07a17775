"""What readers do, in a browser."""

from __future__ import annotations

import re
import time

import pytest
import redis
from playwright.sync_api import Dialog, expect
from sqlalchemy import Engine

from actors import send_comment_for_scoring
from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from osmod.jobs.queue import presence
from osmod.jobs.records.overview import queue_overview
from osmod.moderation.database import open_session
from osmod.moderation.models import AccessToken, now
from tests.browser.conftest import Site

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]


def test_signing_in_with_a_link(site: Site) -> None:
    """The page that was wanted, dark if wanted, and out again."""
    window = site.window()
    expect(window).to_have_url(re.compile("/ui/overview$"))
    window.get_by_role("button", name=re.compile("^Colours")).click()
    expect(window.locator("html")).to_have_attribute("data-theme", "dark")
    window.locator(".who summary").click()
    window.get_by_role("button", name="Sign out").click()
    expect(window.get_by_label("Token")).to_be_visible()


def test_it_is_live(site: Site, queue: JobBroker) -> None:
    """What changes is shown without loading anything anew; what has the focus keeps it, and what is open stays."""
    window = site.window()
    expect(window.locator("#pulse")).to_have_attribute("data-state", "on")
    window.evaluate("window.same = true")
    window.get_by_role("button", name="Pause").focus()
    before = window.locator("#queues .card").first.bounding_box()
    send_comment_for_scoring.send(comment_id=1)
    expect(window.get_by_text("No worker serves it: start")).to_be_visible()
    assert before == window.locator("#queues .card").first.bounding_box()
    expect(window.get_by_role("button", name="Pause")).to_be_focused()
    window.keyboard.press("Enter")
    expect(window.locator("#said")).to_contain_text("default is paused")
    expect(window.get_by_role("button", name="Resume")).to_be_visible()
    assert queue_overview(queue, "default").paused
    assert window.evaluate("window.same")


def test_without_scripts(site: Site, queue: JobBroker) -> None:
    """Every act is a form."""
    window = site.window(java_script_enabled=False)
    window.get_by_role("button", name="Pause").click()
    expect(window.locator("#said")).to_contain_text("default is paused")
    window.get_by_role("button", name="Resume").click()
    expect(window.locator("#said")).to_contain_text("default goes on")
    assert not queue_overview(queue, "default").paused


def test_what_is_asked_before(site: Site, queue: JobBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    """An act that cannot be taken back asks; nothing is done unless one says yes."""
    monkeypatch.setattr(presence, "GONE_AFTER", 600)
    presence.give_sign_of_life(queue, threads=8, running=2, queues=["default"], since=time.time(), first=True)
    window = site.window()
    asked: list[str] = []

    def refuse(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    window.once("dialog", refuse)
    window.get_by_role("button", name="Stop").click()
    assert re.match(r"Stop \S+:\d+\?", asked[0])
    expect(window.locator("#said")).to_be_empty()
    window.once("dialog", lambda dialog: dialog.accept())
    window.get_by_role("button", name="Stop").click()
    expect(window.locator("#said")).to_contain_text("ends once what runs is over")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_session_that_ends_in_mid_act(site: Site, queue: JobBroker, engine: Engine, scripts: bool) -> None:
    """It asks to sign in, offers what was sent, and does it."""
    window = site.window(java_script_enabled=scripts)
    if scripts:  # else the stream would ask to sign in first
        expect(window.locator("#pulse")).to_have_attribute("data-state", "on")
    with open_session(engine) as session:
        session.query(AccessToken).update({"revoked_at": now()})
        session.commit()
    window.get_by_role("button", name="Pause").click()
    expect(window.get_by_text("you can go on once you have signed in")).to_be_visible()
    assert not queue_overview(queue, "default").paused
    with open_session(engine) as session:
        session.query(AccessToken).update({"revoked_at": None})
        session.commit()
    token = {one["name"]: one["value"] for one in window.context.cookies()}["osmod"]
    window.get_by_label("Token").fill(token)
    window.get_by_role("button", name="Sign in").click()
    expect(window.get_by_role("heading", name="You are signed in")).to_be_visible()
    window.get_by_role("button", name="Do it").click()
    expect(window.locator("#said")).to_contain_text("default is paused")
    site.troubles.clear()  # the answer 401, which the browser logs


def test_redis_away(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page says so where its figures were, and they come back by themselves."""
    window = site.window(Role.VIEWER)
    expect(window.locator("#queues .card")).to_have_count(1)

    def away(*_: object) -> None:
        raise redis.ConnectionError

    with monkeypatch.context() as patch:
        for module in ("osmod.web.pages.overview", "osmod.web.pages.frame.changes"):
            patch.setattr(f"{module}.known_queues", away)
        expect(window.locator("#queues")).to_contain_text("comes back by itself")
        expect(window.get_by_role("link", name="Overview")).to_be_visible()
    expect(window.locator("#queues .card")).to_have_count(1)


def test_the_server_away(site: Site) -> None:
    """The open page stays, and says that it is not live."""
    window = site.window()
    expect(window.locator("#pulse")).to_have_attribute("data-state", "on")
    window.context.set_offline(True)
    window.evaluate("dispatchEvent(new Event('pagehide')); dispatchEvent(new Event('pageshow'))")
    expect(window.locator("#pulse")).to_have_text("not live")
    window.context.set_offline(False)
    expect(window.locator("#pulse")).to_have_attribute("data-state", "on")
    site.troubles.clear()  # that it is offline
