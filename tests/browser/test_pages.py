"""Every page, on a phone and on a wide screen, light and dark, with and without scripts."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Response
from sqlalchemy import Engine

from osmod.jobs.broker import JobBroker
from osmod.web.pages import PAGES
from tests.browser.conftest import PHONE, WIDE, Site
from tests.browser.scene import FAILED, furnish

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]

#: Where each page is found, by its name; what stands there is made in `scene`.
ADDRESSES: dict[str, str] = {
    "overview": "/ui/overview",
    "moderate": "/ui/moderate",
    "rules": "/ui/rules",
    "decisions": "/ui/decisions",
    "jobs": "/ui/jobs",
    "jobs_act": "/ui/jobs/act?act=prioritise",
    "job": f"/ui/jobs/{FAILED}",
    "schedules": "/ui/schedules",
    "scorers": "/ui/scorers",
    "publishers": "/ui/publishers",
    "audit": "/ui/audit",
}
#: What is found on some of them besides.
FURTHER: dict[str, str] = {
    "a comment": "/ui/moderate?comment=1",
    "a rule": "/ui/rules?rule=1",
    "what a rule would do": "/ui/rules?tag=1&lower=0.1&upper=0.9&action=Reject",
}
#: Tables of which a part cannot be seen.
CUT = """[...document.querySelectorAll(".scrolls")].filter((one) => one.scrollWidth > one.clientWidth)
    .map((one) => one.getAttribute("aria-label"))"""
#: Bytes that a page may ask for at its first visit, all its files together.
HEAVIEST = 150_000
#: Whether the way to the page that is open can be seen, if there is one.
CURRENT_IN_SIGHT = """(() => {
    const nav = document.querySelector(".top nav"), here = nav.querySelector("[aria-current]");
    if (!here) return true;
    const [all, one] = [nav.getBoundingClientRect(), here.getBoundingClientRect()];
    return one.left >= all.left && one.right <= all.right;
})()"""
WINDOWS: tuple[dict[str, Any], ...] = (
    {**WIDE, "color_scheme": "light"},
    {**WIDE, "color_scheme": "dark"},
    {**PHONE, "color_scheme": "light"},
    {**PHONE, "color_scheme": "dark", "java_script_enabled": False},
    {**WIDE, "color_scheme": "light", "java_script_enabled": False},
    {"viewport": {"width": 768, "height": 1024}, "color_scheme": "light"},
)


@pytest.fixture
def furnished(site: Site, queue: JobBroker, engine: Engine) -> Site:
    """The site with something to see."""
    furnish(queue, engine)
    return site


def test_every_page_is_looked_at() -> None:
    """A page that is new gets a line above."""
    assert {page.name for page in PAGES} == set(ADDRESSES)


@pytest.mark.parametrize("kind", WINDOWS)
def test_all_pages(furnished: Site, kind: dict[str, Any]) -> None:
    """Each is readable for everybody (axe), fits its window, asks nobody else for anything, and is not heavy."""
    window = furnished.window(**kind)
    for name, address in (ADDRESSES | FURTHER).items():
        weight = looked_at(window, furnished.address + address)
        assert 0 < weight < HEAVIEST, name
        assert window.evaluate("document.documentElement.scrollWidth") <= kind["viewport"]["width"], name
        assert [] == window.evaluate(CUT), name
        assert tallest_header(kind) >= window.evaluate("document.querySelector('.top').offsetHeight"), name
        if kind.get("java_script_enabled", True):
            assert [] == findings(window), name
            assert window.evaluate(CURRENT_IN_SIGHT), name


@pytest.mark.parametrize("kind", [{**PHONE, "color_scheme": "dark"}, {**WIDE, "color_scheme": "light"}])
def test_all_pages_with_nothing_there(site: Site, kind: dict[str, Any]) -> None:
    """What they say then is readable, and fits a phone."""
    window = site.window(**kind)
    for name, address in ADDRESSES.items():
        if name == "job":
            continue
        looked_at(window, site.address + address)
        assert window.evaluate("document.documentElement.scrollWidth") <= kind["viewport"]["width"], name
        assert [] == findings(window), name


def tallest_header(kind: dict[str, Any]) -> int:
    """In pixels: a line, or two on what is narrow. What is below is what one came for."""
    return 60 if kind["viewport"] == WIDE["viewport"] else 110


def looked_at(window: Page, address: str) -> int:
    """Open a page until all is there; the bytes of all that it asks for, whatever the page before asked for, too."""
    answers: list[Response] = []

    def note(answer: Response) -> None:
        answers.append(answer)

    window.on("response", note)
    window.goto(address)
    assert window.locator("h1").count() == 1
    window.remove_listener("response", note)
    sizes = {
        answer.url: answer.headers["content-length"] for answer in answers if "/ui/live/" not in answer.url
    }
    return sum(map(int, sizes.values()))


def findings(window: Page) -> list[str]:
    """What axe finds that is serious."""
    found = Axe().run(window).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
