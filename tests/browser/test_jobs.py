"""Flows over the pages of jobs: search, mark, act, and see what became of it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from sqlalchemy import Engine

from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from tests.browser.conftest import Site
from tests.browser.scene import FAILED, furnish

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]


@pytest.mark.parametrize("scripts", [True, False])
def test_failures_are_retried(site: Site, queue: JobBroker, engine: Engine, scripts: bool) -> None:
    """From the group of failures to the question, its true count, and the row of the audit log."""
    furnish(queue, engine)
    window = site.window(Role.OPERATOR, java_script_enabled=scripts)
    window.goto(f"{site.address}/ui/jobs?q=state:failed")
    window.locator("#failures").get_by_role("link", name="Retry…").click()
    expect(window.get_by_text("1 job would be retried.")).to_be_visible()
    window.get_by_label("Why").fill("it is back again")
    window.get_by_role("button", name="Retry 1 job").click()
    expect(window.locator("#acts-done")).to_contain_text("it is back again")
    expect(window.locator("#said")).to_contain_text("1 job retried.")


def test_a_job_changes_while_one_looks(site: Site, queue: JobBroker, engine: Engine) -> None:
    """Its page shows within a second or two what somebody else did; marks on the list stay when it does."""
    furnish(queue, engine)
    window = site.window(Role.OPERATOR)
    window.goto(f"{site.address}/ui/jobs/{FAILED}")
    expect(window.locator("#now")).to_contain_text("Failed")
    expect(window.locator("#pulse")).to_have_attribute("data-state", "on")
    other = site.window(Role.OPERATOR)
    other.goto(f"{site.address}/ui/jobs")
    other.locator(f'input[value="{FAILED}"]').check()
    window.get_by_role("button", name="Retry", exact=True).click()
    expect(window.locator("#now")).to_contain_text("Waits for a worker")
    row = other.locator("tr", has=other.locator(f'input[value="{FAILED}"]'))
    expect(row).to_contain_text("waiting")
    expect(row.locator("input")).to_be_checked()


def test_the_box_suggests(site: Site, queue: JobBroker, engine: Engine) -> None:
    """What may come next, while one types."""
    furnish(queue, engine)
    window = site.window(Role.VIEWER)
    window.goto(f"{site.address}/ui/jobs")
    window.get_by_label("Search for jobs").press_sequentially("error:Ti")
    expect(window.locator('#suggestions option[value="error:TimeoutError"]')).to_have_count(1)
