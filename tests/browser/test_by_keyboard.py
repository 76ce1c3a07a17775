"""Every page by the keyboard alone, and standing still."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine

from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from tests.browser.conftest import PHONE, WIDE, Site
from tests.browser.scene import FAILED, furnish
from tests.browser.test_pages import ADDRESSES, FURTHER

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]

#: What one should come to by Tab, but for radio buttons, of which a group is one stop.
STOPS = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.disabled && one.tabIndex >= 0)
    .filter((one) => !(one.type === "radio" && !one.checked)).length"""
#: What has the focus, and what is wrong with how it is shown.
FOCUSED = """() => {
    const one = document.activeElement;
    if (one === document.body || one.visited) return null;
    one.visited = true;
    const box = one.getBoundingClientRect(), style = getComputedStyle(one);
    const [x, y] = [box.left + Math.min(box.width, 40) / 2, box.top + Math.min(box.height, 20) / 2];
    const there = document.elementFromPoint(x, y);
    const wrong = [];
    if (style.outlineStyle === "none") wrong.push("has no outline");
    if (!there) wrong.push("is out of sight");
    else if (!one.contains(there) && !there.contains(one)) wrong.push(`is behind ${there.outerHTML.slice(0, 80)}`);
    return [one.outerHTML.slice(0, 100), wrong];
}"""


@pytest.mark.parametrize("kind", [WIDE, PHONE])
def test_all_is_come_to_by_tab(site: Site, queue: JobBroker, engine: Engine, kind: dict[str, Any]) -> None:
    """All that can be used can be reached, is in sight then, not behind anything, and has an outline."""
    furnish(queue, engine)
    window = site.window(**kind, java_script_enabled=False)
    for name, address in (ADDRESSES | FURTHER).items():
        window.goto(site.address + address)
        stops, wrong = walk(window)
        assert [] == wrong, name
        assert window.evaluate(STOPS) == stops, name


def walk(window: Page) -> tuple[int, list[str]]:
    """From the top of the page to its end; how many stops there are, and what is wrong with some."""
    stops, wrong = 0, []
    while stops < 500:
        window.keyboard.press("Tab")
        found = window.evaluate(FOCUSED)
        if found is None:
            break
        stops += 1
        wrong += [f"{found[0]} {one}" for one in found[1]]
    return stops, wrong


def test_nothing_moves(site: Site, queue: JobBroker, engine: Engine) -> None:
    """No layout shift as a page comes and its stream begins."""
    furnish(queue, engine)
    window = site.window(Role.ADMIN)
    window.add_init_script(
        """window.moved = [];
        new PerformanceObserver((seen) => {
            for (const one of seen.getEntries())
                moved.push(one.sources.map((source) => source.node?.outerHTML?.slice(0, 80)).join(" / "));
        }).observe({ type: "layout-shift", buffered: true });"""
    )
    for name, address in (ADDRESSES | FURTHER).items():
        window.goto(site.address + address)
        if name not in ("jobs_act",):
            expect(window.locator("#pulse")).to_have_attribute("data-state", "on")
        window.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        assert [] == window.evaluate("moved"), name


def test_an_id_is_copied(site: Site, queue: JobBroker, engine: Engine) -> None:
    """A click copies the whole of it."""
    furnish(queue, engine)
    window = site.window(Role.VIEWER)
    window.context.grant_permissions(["clipboard-read", "clipboard-write"])
    window.goto(f"{site.address}/ui/jobs/{FAILED}")
    window.locator(f'[data-copy="{FAILED}"]').first.click()
    expect(window.locator(".id[data-copied]").first).to_be_visible()
    assert FAILED == window.evaluate("navigator.clipboard.readText()")
