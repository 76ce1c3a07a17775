"""The Python of the README and of docs/ has types, as our own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tests.docs.blocks import ROOT, all_blocks
from tests.docs.sandbox import Sandbox
from tests.redis_servers import Server, binary_of


def test_python_has_types(tmp_path: Path) -> None:
    """All blocks pass mypy as our own code must."""
    with closing(Server(binary_of("redis"))) as server:  # which need not run
        environment = Sandbox(tmp_path, server).environment
    paths = [str(block.write(tmp_path)) for block in all_blocks("python") if not block.not_run]
    known = ROOT / ".mypy_cache"
    if known.exists():  # What mypy found out of the libraries as it looked at the rest.
        shutil.copytree(known, tmp_path / known.name)
    command = [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", *paths]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
