"""`make screenshots`: the pages as the demo shows them, in `docs/images`."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import CHROMIUM, PHONE
from tests.ports import free_port
from tests.waiting import until

IMAGES = Path(__file__).parents[2] / "docs" / "images"
#: Comments that are scored meanwhile, and seconds after the first of them: some are done then, others wait.
COMMENTS, AFTER = 20_000, 2
WIDE: dict[str, Any] = {"viewport": {"width": 1280, "height": 860}, "color_scheme": "light"}
#: One of the demo's comments that anybody may read, and that a rule defers.
DEFERRED = 375
#: For each picture the page, the window, and what must be there before it is taken.
PICTURES: dict[str, tuple[str, dict[str, Any], str]] = {
    "overview": ("/ui/overview", WIDE, "#queues .card"),
    "overview-dark-phone": ("/ui/overview", {**PHONE, "color_scheme": "dark"}, "#queues .card"),
    "moderate": (f"/ui/moderate?queue=deferred&comment={DEFERRED}", WIDE, "#nexts li:nth-child(9)"),
}


def main() -> None:
    """Serve the demo, take every picture, and end it."""
    with TemporaryDirectory() as home:
        log, port = Path(home) / "log", free_port()
        words = ["serve", "--demo", "--comments", str(COMMENTS), "--port", str(port)]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "osmod", *words],
                env={**os.environ, "OSMOD_HOME": home},
                stdout=output,
                stderr=output,
            )
        try:
            until(lambda: "Serving at" in log.read_text() or process.poll() is not None, 200, "it serves")
            link = re.search(r"(http://[^/]+)/ui/sign-in\?code=\S+", log.read_text())
            if link is None:
                sys.exit(log.read_text())
            with sync_playwright() as playwright:
                found = next(filter(None, map(shutil.which, CHROMIUM)), None)
                browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
                take(browser, link[1], link[0])
                browser.close()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def take(browser: Browser, address: str, link: str) -> None:
    """Sign in, and take every picture."""
    first = browser.new_context()
    window = first.new_page()
    until(lambda: window.request.get(link).ok, 60, "the server answers")
    window.goto(link)
    window.get_by_role("button", name="Sign in").click()
    done = window.locator("#queues .card dd").last
    until(lambda: done.is_visible() and done.inner_text() != "0", 60, "the first jobs are done")
    window.wait_for_timeout(AFTER * 1_000)
    IMAGES.mkdir(exist_ok=True)
    for name, (path, kind, awaited) in PICTURES.items():
        context = browser.new_context(**kind, storage_state=first.storage_state())
        page = context.new_page()
        page.goto(address + path)
        page.locator(awaited).first.wait_for(timeout=120_000)
        page.wait_for_timeout(2_000)
        page.screenshot(path=IMAGES / f"{name}.png")
        context.close()


if __name__ == "__main__":
    main()
