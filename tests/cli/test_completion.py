"""`osmod completion`: the line for each shell, and what it completes."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from osmod.cli.completion import LINES
from tests.cli.conftest import Run
from tests.services import unavailable
from tests.waiting import until


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
    asked = f"{LINES['bash'][0]}\nCOMP_WORDS=(osmod jobs ret) COMP_CWORD=2\n"
    asked += 'complete -p osmod\n_osmod_completion osmod\necho "${COMPREPLY[*]}"\n'
    said = _said("bash", "--norc", "-c", asked)
    assert ["complete -o nosort -F _osmod_completion osmod", "retry"] == said.splitlines()


def test_fish_itself_completes() -> None:
    """Fish takes the line, and is asked what would follow."""
    said = _said("fish", "--no-config", "-c", f"{LINES['fish'][0]}; complete -C 'osmod jobs ret'")
    assert "retry\tHave failed and cancelled jobs run again" == said.strip()


@pytest.mark.parametrize("before", ["", "autoload -Uz compinit; compinit -D\n"])
def test_zsh_itself_completes(tmp_path: Path, before: str) -> None:
    """Zsh takes the line, whether or not its completion was on before, and a Tab completes the word."""
    _needed("zsh")
    (tmp_path / ".zshrc").write_text(f"PS1='ready> '\n{before}{LINES['zsh'][0]}\n")
    terminal, its_end = pty.openpty()
    environment = _environment() | {"ZDOTDIR": str(tmp_path), "TERM": "dumb"}
    # A session of its own, so that the terminal can be the one that controls it.
    process = subprocess.Popen(
        ["setsid", "--ctty", "zsh", "-i"], env=environment, stdin=its_end, stdout=its_end, stderr=its_end
    )
    os.close(its_end)
    try:
        _read_until(terminal, "ready> ")
        os.write(terminal, b"osmod jobs ret\t")
        assert "command not found" not in _read_until(terminal, "retry ")
    finally:
        process.kill()
        process.wait()
        os.close(terminal)


def _said(shell: str, *arguments: str) -> str:
    """What a shell prints; it says nothing on standard error."""
    _needed(shell)
    said = subprocess.run(
        [shell, *arguments], env=_environment(), capture_output=True, text=True, check=False
    )
    assert "" == said.stderr
    return said.stdout


def _needed(shell: str) -> None:
    if not shutil.which(shell):
        unavailable(f"no {shell} on this machine")


def _environment() -> dict[str, str]:
    """In which `osmod` is the one beside the interpreter."""
    return os.environ | {"PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"}


def _read_until(terminal: int, wanted: str) -> str:
    """What a terminal shows, until something stands in it."""
    shown = ""

    def there() -> bool:
        nonlocal shown
        if select.select([terminal], [], [], 0)[0]:
            shown += os.read(terminal, 4096).decode(errors="replace")
        return wanted in shown

    until(there, 30.0, f"{wanted!r} is shown")
    return shown
