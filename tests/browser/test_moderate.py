"""Moderate in a browser: keys, a range dragged over the histogram, a span selected, and live outcomes."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from dramatiq import Worker
from playwright.sync_api import Page, expect
from sqlalchemy import Engine

from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from osmod.jobs.testing import drain
from osmod.moderation.models import Claim, Comment, CommentScore, CommentSummaryScore, Decision, DeskAct, now
from tests.browser.conftest import PHONE, WIDE, Site
from tests.browser.test_pages import findings
from tests.moderation.world import World
from tests.waiting import until

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]


@pytest.fixture
def comments(engine: Engine, site: Site) -> list[int]:
    """Three that wait, the highest first."""
    world = World(engine)
    article = world.article(world.category(), title="News")
    tag = world.tag("TOXICITY", is_taggable=True)
    world.rule(tag, 0.9, 1, "Reject")
    found = []
    for score in (0.85, 0.55, 0.15):
        comment = world.comment(
            article, is_scored=True, max_summary_score=score, text="You fool & <b>clown</b>"
        )
        world.add(CommentSummaryScore(comment_id=comment, tag_id=tag, score=score))
        span = {"score": score, "annotation_start": 4, "annotation_end": 8}
        world.add(CommentScore(comment_id=comment, tag_id=tag, source_type="Machine", **span))
        found.append(comment)
    return found


def test_everybody_can_use_it(site: Site, comments: list[int]) -> None:
    """With all that stands on the pages: nothing serious for axe, nothing wider than the window."""
    rule = "rule=1&tag=1&lower=0.8&upper=1&action=Reject"
    for kind in ({**WIDE, "color_scheme": "light"}, {**PHONE, "color_scheme": "dark"}):
        window = site.window(Role.MODERATOR, **kind)
        for path in (f"moderate?comment={comments[0]}&batch=reject", f"rules?{rule}", "decisions"):
            window.goto(f"{site.address}/ui/{path}")
            assert [] == findings(window), path
            assert window.evaluate("document.documentElement.scrollWidth") <= kind["viewport"]["width"], path


def test_without_scripts(site: Site, comments: list[int], engine: Engine) -> None:
    """Links and forms do all of it."""
    window = site.window(Role.MODERATOR, java_script_enabled=False)
    window.goto(f"{site.address}/ui/moderate")
    window.get_by_role("button", name="Begin with those chosen").click()
    window.get_by_role("button", name="Reject").click()
    expect(window.locator("#said")).to_contain_text(f"Rejected comment {comments[0]}.")
    expect(window.get_by_role("heading", name=f"Comment {comments[1]}")).to_be_visible()
    window.get_by_role("button", name="Next").click()
    expect(window.get_by_role("heading", name=f"Comment {comments[2]}")).to_be_visible()


def test_acts_stand_below_the_comment(site: Site, comments: list[int], queue: JobBroker) -> None:
    """However long the column beside it is; what became of each stands in its line."""
    window = site.window(Role.MODERATOR, java_script_enabled=False)
    window.goto(f"{site.address}/ui/moderate?comment={comments[0]}")
    window.get_by_role("button", name="Defer").click()
    expect(window.locator("#said")).to_contain_text(f"Deferred comment {comments[0]}.")
    drain(queue)
    window.goto(f"{site.address}/ui/moderate?comment={comments[0]}")
    expect(window.locator(".done .state").first).to_have_text("done")
    comment, acts, line, state = (
        window.locator(one).first.bounding_box() for one in (".item", ".acts", ".done li", ".done .state")
    )
    assert comment
    assert acts
    assert line
    assert state
    assert 30 > acts["y"] - comment["y"] - comment["height"]
    assert 3 > abs(state["y"] + state["height"] / 2 - line["y"] - line["height"] / 2)


def listens(window: Page, comment: int) -> None:
    """Wait until a comment is shown, and keys are heard: scripts run once the page is there."""
    expect(window.locator("#about")).to_have_text(f"Comment {comment}")
    expect(window.locator("#pulse")).to_have_attribute("data-state", "on")


def test_keys_and_what_became_of_it(
    site: Site, comments: list[int], queue: JobBroker, engine: Engine
) -> None:
    """The next comment is there at once, the outcome follows by itself, and `u` takes it back."""
    world = World(engine)
    window = site.window(Role.MODERATOR)
    window.goto(f"{site.address}/ui/moderate")
    window.keyboard.press("j")
    listens(window, comments[0])
    expect(window.locator("mark").first).to_contain_text("fool")
    window.keyboard.press("j")
    listens(window, comments[1])
    window.keyboard.press("k")
    listens(window, comments[0])
    window.keyboard.press("r")
    listens(window, comments[1])
    expect(window.locator("#acts")).to_contain_text("on its way")
    worker = Worker(queue, worker_threads=1)
    worker.start()
    try:
        expect(window.locator("#acts li").first.locator(".done")).to_be_visible()
        assert world.get(Comment, comments[0]).is_accepted is False
        window.keyboard.press("u")
        listens(window, comments[0])
        expect(window.locator("#item .pill")).to_have_text("undecided")
        window.keyboard.press("?")
        expect(window.get_by_role("heading", name="Keys")).to_be_visible()
    finally:
        worker.stop()


def test_who_looks_is_at_it(site: Site, comments: list[int], engine: Engine) -> None:
    """By whatever way the comment was opened; without scripts a button says so. Another is told within seconds."""
    world, first, second, third = (
        World(engine),
        *(f"{site.address}/ui/moderate?comment={comment}" for comment in comments),
    )
    plain = site.window(Role.MODERATOR, java_script_enabled=False)
    plain.goto(first)
    expect(plain.get_by_text("Nobody is at this comment.")).to_be_visible()
    assert [] == world.all(Claim)
    window = site.window(Role.ADMIN)
    window.goto(first)
    expect(window.get_by_text("Nobody is at this comment.")).to_have_count(0)
    plain.reload()
    expect(plain.locator("#item")).to_contain_text("has had this comment open since")
    other = site.window(Role.MODERATOR)
    other.goto(second)
    until(lambda: 2 == world.size(Claim), 10, "both are claimed")
    plain.goto(third)
    plain.get_by_role("button", name="I am at it").click()
    expect(plain.get_by_text("Nobody is at this comment.")).to_have_count(0)
    assert 3 == world.size(Claim)


def test_a_range_and_a_span(site: Site, comments: list[int]) -> None:
    """Dragged over the histogram, the range is in the address; a selection becomes the span to be tagged."""
    window = site.window(Role.MODERATOR)
    window.goto(f"{site.address}/ui/moderate?comment={comments[0]}")
    box = window.locator("svg.spread").bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    window.mouse.move(box["x"] + box["width"] * 0.4, middle)
    window.mouse.down()
    window.mouse.move(box["x"] + box["width"] * 0.7, middle)
    window.mouse.up()
    expect(window).to_have_url(re.compile(r"lower=0\.4\d*&upper=0\.7"))
    expect(window.locator("#spread h2")).to_have_text("1 comment")

    window.goto(f"{site.address}/ui/moderate?comment={comments[0]}")
    window.locator("#text mark span").first.dblclick()
    expect(window.locator("#start")).to_have_value("4")
    expect(window.locator("#end")).to_have_value("8")


def test_what_others_do_is_seen_before_a_key_does_anything(
    site: Site, comments: list[int], engine: Engine
) -> None:
    """A key that is pressed just as the comment becomes another does nothing to what nobody has read."""
    world = World(engine)
    window = site.window(Role.MODERATOR)
    window.goto(f"{site.address}/ui/moderate?comment={comments[0]}")
    listens(window, comments[0])
    until(lambda: 1 == world.size(Claim), 10, "it is claimed")
    window.evaluate(
        """() => document.addEventListener("fragment", (event) => {
            if (!event.target.querySelector("[role=alert]") || window.pressed) return;
            window.pressed = true;
            document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "d", bubbles: true }));
        })"""
    )
    later = now() + timedelta(seconds=5)
    world.add(Decision(comment_id=comments[0], status="Accept", source="Rule", created_at=later))
    expect(window.get_by_role("alert")).to_contain_text("The rules decided on it", timeout=20_000)
    assert window.evaluate("window.pressed")
    assert [] == world.all(DeskAct)

    def pressed() -> bool:
        window.keyboard.press("d")
        return world.size(DeskAct) > 0

    until(pressed, 10, "keys are heard again")
