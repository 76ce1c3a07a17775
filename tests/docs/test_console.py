"""Every console block, page by page, as an operator would type it: in order, in one folder, on one Redis."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs import scenes
from tests.docs.blocks import PAGES, ROOT, Block, blocks_of
from tests.docs.output import pattern_of, plain
from tests.docs.sandbox import Sandbox
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


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", WITH_CONSOLE, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page(page: Path, tmp_path: Path) -> None:
    """Commands succeed, and print what is shown."""
    with running(binary_of("redis"), "--appendonly", "yes") as server:
        sandbox = Sandbox(tmp_path, server)
        try:
            for block in blocks_of(page):
                if not block.not_run:
                    _play(block, sandbox)
        finally:
            codes = sandbox.stop()
    assert {} == {command: code for command, code in codes.items() if code}


def _play(block: Block, sandbox: Sandbox) -> None:
    if block.language == "python" and block.text.startswith("# actors/"):
        (sandbox.folder / block.text.partition("\n")[0].removeprefix("# ")).write_text(block.text)
    for scene in block.scenes:
        getattr(scenes, scene)(sandbox)
    if block.language != "console":
        return
    for command, shown in block.commands():
        done = sandbox.run(command)
        said = f"{block.name}: $ {command}\nexit code {done.returncode}\n{done.stdout}"
        also = next((codes for start, codes in _ALSO_WELL.items() if command.startswith(start)), ())
        assert done.returncode in (0, *also), said
        if shown:
            as_shown = pattern_of(shown).fullmatch(plain(done.stdout)) is not None
            assert as_shown, f"{said}\nshown:\n{shown}"
