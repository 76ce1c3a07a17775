"""Every console block, page by page, as an operator would type it: in order, in one folder, on one Redis.

Dozens of commands: ours run in this process, since to load them takes most of a second, each time. What runs on,
what sends, `make` and whatever needs a shell is typed into one.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from dramatiq import broker

from actors import accept_comments
from osmod.jobs.broker import JobBroker
from tests.docs import scenes
from tests.docs.blocks import PAGES, ROOT, Block, blocks_of
from tests.docs.output import pattern_of, plain
from tests.docs.sandbox import Sandbox, is_service
from tests.redis_servers import binary_of, running

#: Exit codes, other than 0, by which a command may end where the page does not show what it prints: nothing fits,
#: somebody is to confirm, there is something to warn of.
_ALSO_WELL = {
    **dict.fromkeys(("osmod jobs", "osmod queues", "osmod comments"), (3, 4)),
    "osmod check": (1, 2),
}

WITH_CONSOLE = [
    page
    for page in PAGES
    if any(block.language == "console" and not block.not_run for block in blocks_of(page))
]


@pytest.mark.parametrize("page", WITH_CONSOLE, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands succeed, and print what is shown."""
    with (
        running(binary_of("redis"), "--appendonly", "yes") as server,
        closing(JobBroker(url=server.url)) as queue,
    ):
        monkeypatch.setattr(broker, "global_broker", queue)
        queue.declare_queue("default")
        queue.actors = accept_comments.broker.actors
        sandbox = Sandbox(tmp_path, server)
        try:
            for block in blocks_of(page):
                if not block.not_run:
                    _play(block, sandbox)
        finally:
            codes = sandbox.stop()
    assert {} == {command: code for command, code in codes.items() if code}


def _run(sandbox: Sandbox, command: str) -> tuple[int, str]:
    """Its exit code, and what it printed."""
    # What sends, or knows of schedules, does so by the broker on which this process declared its actors.
    elsewhere = ("osmod enqueue", "osmod schedules")
    typed = command.partition("#")[0]
    alone = command.startswith("osmod ") and not set(typed) & set("|;<>$&")
    if alone and not is_service(command) and not command.startswith(elsewhere):
        here = sandbox.type(command)
        return here.exit_code, here.output
    done = sandbox.run(command)
    return done.returncode, done.stdout


def _play(block: Block, sandbox: Sandbox) -> None:
    if block.language == "python" and block.text.startswith("# actors/"):
        (sandbox.folder / block.text.partition("\n")[0].removeprefix("# ")).write_text(block.text)
    for scene in block.scenes:
        getattr(scenes, scene)(sandbox)
    if block.language != "console":
        return
    for command, shown in block.commands():
        code, printed = _run(sandbox, command)
        said = f"{block.name}: $ {command}\nexit code {code}\n{printed}"
        also = next((codes for start, codes in _ALSO_WELL.items() if command.startswith(start)), ())
        assert code in (0, *also), said
        if shown:
            as_shown = pattern_of(shown).fullmatch(plain(printed)) is not None
            assert as_shown, f"{said}\nshown:\n{shown}"
