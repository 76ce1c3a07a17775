"""`make serve` as whoever tries it sees it: from the link that it prints to the last comment."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.conftest import WIDE
from tests.ports import free_port
from tests.waiting import until

COMMENTS = 30


def test_the_demo_is_watched_to_its_end(browser: Browser, tmp_path: Path) -> None:
    """Signed in by the printed link, one sees all comments scored; Ctrl-C ends everything."""
    port, log = free_port(), tmp_path / "log"
    words = ["serve", "--demo", "--comments", str(COMMENTS), "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "osmod", *words],
            env={**os.environ, "OSMOD_HOME": str(tmp_path / "home"), "PIP_NO_INDEX": "1"},
            stdout=output,
            stderr=output,
        )
    try:
        until(lambda: "Serving at" in log.read_text() or process.poll() is not None, 200, "it serves")
        link = re.search(r"http://\S+/ui/sign-in\?code=\S+", log.read_text())
        assert link, log.read_text()
        context = browser.new_context(**WIDE)
        window = context.new_page()
        until(lambda: window.request.get(link[0]).ok, 30, "the server answers")
        window.goto(link[0])
        window.get_by_role("button", name="Sign in").click()
        queues = window.locator("#queues .card").filter(has=window.get_by_role("heading", name="default"))
        # Each is sent to its scorer by one job, and scored by another at least.
        until(lambda: is_over(queues.locator("dd").all_inner_texts()), 120, "all are scored")
        expect(window.locator("#workers tbody tr")).not_to_have_count(0)
        expect(window.locator("#charts rect.done").first).to_be_attached()
        context.close()
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(60)
    assert 0 == code, log.read_text()


def is_over(counts: list[str]) -> bool:
    """Whether nothing waits, runs or is put off, and none failed."""
    return ["0"] * 4 == counts[:4] and int(counts[4]) >= 2 * COMMENTS
