"""The server goes and comes again under pages that are open."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Route, expect
from sqlalchemy import Engine

from osmod.access.roles import Role
from osmod.jobs import steering
from osmod.jobs.broker import JobBroker
from tests.browser.conftest import Site
from tests.web.serving import HOST, served

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]


def test_the_server_is_started_anew(app: FastAPI, queue: JobBroker, browser: Browser, engine: Engine) -> None:
    """It ends though streams are open; the page stays, says that it is not live, and goes on by itself, forms too."""
    queue.declare_queue("default")
    with ExitStack() as stack:
        with served(app) as server:
            port = server.port
            site = Site(f"http://{HOST}:{port}", browser, engine, stack)
            window = site.window(Role.OPERATOR)
            window.evaluate("window.same = true")
            expect(window.locator("#pulse")).to_have_attribute("data-state", "on")
        expect(window.locator("#pulse")).to_have_text("not live")
        expect(window.get_by_role("heading", name="Overview")).to_be_visible()
        steering.pause(queue, "default", by="Ada")
        with served(app, port=port):
            expect(window.locator("#pulse")).to_have_attribute("data-state", "on")
            expect(window.locator("#queues")).to_contain_text("Paused")
            window.get_by_role("button", name="Resume").click()
            expect(window.locator("#said")).to_contain_text("default goes on")
            expect(window.locator("#dialog")).to_be_empty()
            assert window.evaluate("window.same")
            window.context.close()


def test_a_proxy_says_that_it_is_away(site: Site, queue: JobBroker) -> None:
    """Its words are not put over the page, which comes back by itself."""
    queue.declare_queue("default")
    window = site.window(Role.OPERATOR)
    expect(window.locator("#pulse")).to_have_attribute("data-state", "on")
    asked: list[str] = []

    def bad_gateway(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=502, content_type="text/html", body="<h1>Bad Gateway</h1>")

    window.route("**/ui/**", bad_gateway)
    window.evaluate("dispatchEvent(new Event('pagehide')); dispatchEvent(new Event('pageshow'))")
    expect(window.locator("#pulse")).to_have_text("not live")
    window.wait_for_event("request", lambda request: "/ui/live/" in request.url)
    assert any(url.endswith("/ui/session") for url in asked)
    expect(window.locator("#dialog")).to_be_empty()
    expect(window.get_by_text("Bad Gateway")).to_have_count(0)
    window.get_by_role("button", name="Pause").click()
    expect(window.locator("#said")).to_contain_text("The server cannot be reached")
    window.unroute("**/ui/**")
    expect(window.locator("#pulse")).to_have_attribute("data-state", "on")
    site.troubles.clear()  # the answers 502, which the browser logs
