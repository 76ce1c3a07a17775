"""A headless Chromium, and the server that it looks at, in this process."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright
from sqlalchemy import Engine

from osmod.access.links import make_code
from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from osmod.moderation.database import open_session
from osmod.moderation.models import User
from osmod.web.pages.frame.fragments import RENDERINGS
from tests.services import unavailable
from tests.web.conftest import GRANTED_BY, USERS
from tests.web.conftest import app as app
from tests.web.conftest import immediate as immediate
from tests.web.queues import queue as queue
from tests.web.serving import HOST, served

#: Where Debian and others put it; Playwright's own is taken where there is none.
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
#: Milliseconds in which a page shows what it is to show, on a machine that is busy.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)
#: What a window is like, as readers have them.
WIDE: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 800}, "has_touch": True}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; without one the tests are skipped, under CI they fail."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    with sync_playwright() as playwright:
        try:
            one = playwright.chromium.launch(
                executable_path=found, args=["--no-sandbox"] if os.geteuid() == 0 else []
            )
        except Error as error:
            unavailable(f"Chromium cannot be run: {str(error).splitlines()[0]} (apt install chromium)")
        yield one
        one.close()


@dataclass
class Site:
    """The server, and readers of it. What goes wrong in their windows is in `troubles`."""

    address: str
    browser: Browser
    engine: Engine
    stack: ExitStack
    troubles: list[str] = field(default_factory=list)

    def window(self, role: Role | None = Role.ADMIN, **kind: Any) -> Page:
        """A window of a reader who has signed in, or of nobody."""
        context = self.browser.new_context(**{**WIDE, **kind})
        self.stack.callback(context.close)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda said: self._note(said.type, said.text))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("request", lambda asked: self._note_foreign(asked.url))
        if role is not None:
            self.sign_in(page, role)
        return page

    def sign_in(self, page: Page, role: Role) -> None:
        """By a link, as `osmod users link` prints it."""
        page.goto(f"{self.address}/ui/sign-in?code={self.code(role)}")
        page.get_by_role("button", name="Sign in").click()

    def code(self, role: Role) -> str:
        """What signs somebody in once."""
        with open_session(self.engine) as session:
            code = make_code(session, session.get_one(User, USERS[GRANTED_BY[role]]), role)
            session.commit()
        return code

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.troubles.append(text)

    def _note_foreign(self, url: str) -> None:
        if not url.startswith((self.address, "data:")):
            self.troubles.append(f"asked for {url}")


@pytest.fixture
def site(app: FastAPI, queue: JobBroker, browser: Browser, engine: Engine) -> Iterator[Site]:
    """The site, with a queue on a real Redis; fails the test if a window had trouble."""
    RENDERINGS.forget()
    with served(app) as server, ExitStack() as stack:
        one = Site(f"http://{HOST}:{server.port}", browser, engine, stack)
        yield one
    assert [] == one.troubles
