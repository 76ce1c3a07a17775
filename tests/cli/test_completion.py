"""`osmod completion`: the line for each shell, and what it completes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from osmod.cli.completion import LINES
from tests.cli.conftest import Run


@pytest.mark.parametrize("shell", LINES)
def test_each_shell_has_its_line(run: Run, shell: str) -> None:
    """Alone on standard output, so that it can be appended to a file."""
    result = run("completion", shell)
    assert f"{LINES[shell][0]}\n" == result.stdout
    assert f"_OSMOD_COMPLETE={shell}_source" in result.stdout


@pytest.mark.parametrize(
    ("line", "completed"),
    [("osmod jo", "jobs"), ("osmod jobs ret", "retry"), ("osmod jobs list --st", "--state")],
)
def test_what_is_completed(line: str, completed: str) -> None:
    """Commands of every level, and options."""
    words = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")), "_OSMOD_COMPLETE": "bash_complete"}
    code = "from osmod.cli import main; main(prog_name='osmod')"
    said = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | words, capture_output=True, text=True, check=False
    )
    assert completed in [one.partition(",")[2] for one in said.stdout.splitlines()]


def test_bash_itself_completes() -> None:
    """Bash takes the line, calls what it defines, and gets the words."""
    bin_ = os.path.dirname(sys.executable)
    asked = f"{LINES['bash'][0]}\nCOMP_WORDS=(osmod jobs ret) COMP_CWORD=2\n"
    asked += 'complete -p osmod\n_osmod_completion osmod\necho "${COMPREPLY[*]}"\n'
    said = subprocess.run(
        ["bash", "--norc", "-c", asked],
        env=os.environ | {"PATH": f"{bin_}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "" == said.stderr
    assert ["complete -o nosort -F _osmod_completion osmod", "retry"] == said.stdout.splitlines()
