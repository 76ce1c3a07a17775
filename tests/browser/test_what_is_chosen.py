"""What a moderator has chosen or typed, or is pressing, is not lost as the page is kept up to date."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine

from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from osmod.moderation.models import CommentFlag, DeskAct
from tests.browser.conftest import Site
from tests.moderation.world import World
from tests.waiting import until

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]


def opened(site: Site, comment: int) -> Page:
    """A window in which a comment is open."""
    window = site.window(Role.MODERATOR)
    window.goto(f"{site.address}/ui/moderate?comment={comment}")
    expect(window.locator("#pulse")).to_have_attribute("data-state", "on")
    return window


def test_a_reason_that_is_chosen_stays(site: Site, engine: Engine, queue: JobBroker) -> None:
    """And the part of the text that is to be tagged; the comment would be rejected without the reason."""
    world = World(engine)
    spam = world.tag("SPAM")
    comment = world.comment(world.article(), is_scored=True, max_summary_score=0.5)
    window = opened(site, comment)
    window.locator("#tagging summary").click()
    window.locator("#start").fill("2")
    window.locator("#reason").select_option(str(spam))
    window.locator("#about").click()

    world.add(CommentFlag(comment_id=comment, label="offensive"))
    expect(window.locator("#item")).to_contain_text("offensive")

    expect(window.locator("#reason")).to_have_value(str(spam))
    expect(window.locator("#start")).to_have_value("2")
    window.keyboard.press("r")
    until(lambda: [{"tag_id": spam}] == [act.detail for act in world.all(DeskAct)])


def test_a_button_stays_while_it_is_pressed(site: Site, engine: Engine, queue: JobBroker) -> None:
    """What came while a reason was chosen is shown after the click, which was lost, and the reason with it."""
    world = World(engine)
    spam = world.tag("SPAM")
    comment = world.comment(world.article(), is_scored=True, max_summary_score=0.5)
    window = opened(site, comment)
    window.locator("#reason").select_option(str(spam))
    window.locator("#reason").focus()
    beside = opened(site, comment)
    world.add(CommentFlag(comment_id=comment, label="offensive"))
    expect(beside.locator("#item")).to_contain_text("offensive")

    box = window.get_by_role("button", name="Reject", exact=False).first.bounding_box()
    assert box
    window.mouse.move(box["x"] + 10, box["y"] + 10)
    window.mouse.down()
    window.evaluate("() => new Promise((done) => setTimeout(() => setTimeout(done)))")
    window.mouse.up()

    until(lambda: [{"tag_id": spam}] == [act.detail for act in world.all(DeskAct)])
