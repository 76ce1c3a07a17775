"""`osmod serve`: what it refuses, and one whole life of it with nothing set up."""

from __future__ import annotations

import errno
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from osmod.cli.listening import refusal
from tests.cli.conftest import Run
from tests.ports import free_port
from tests.services import unavailable
from tests.waiting import until


def test_a_port_that_is_taken(run: Run) -> None:
    """Is said, with the remedy."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        _is_told(run, other.getsockname()[1], "127.0.0.1", "0.0.0.0")


def test_a_port_that_is_taken_in_ipv6(run: Run) -> None:
    """Is said as well; the address may stand in brackets, as in a URL."""
    with socket.socket(socket.AF_INET6) as other:
        try:
            other.bind(("::1", 0))
        except OSError:
            unavailable("no IPv6 on this machine")
        other.listen()
        _is_told(run, other.getsockname()[1], "::1", "[::1]")


def _is_told(run: Run, port: int, *hosts: str) -> None:
    for host in hosts:
        result = run("serve", "--host", host, "--port", str(port))
        said = f"Error: port {port} is taken: stop what listens there, or name another by --port.\n"
        assert (1, said) == (result.exit_code, result.output)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (
            errno.EACCES,
            "port 80 is not for this user: name one from 1024 on by --port, with a proxy before it.",
        ),
        (
            errno.EADDRNOTAVAIL,
            "--host here: this machine has no such address; 0.0.0.0 or :: are all that it has.",
        ),
        (errno.EADDRINUSE, "port 80 is taken: stop what listens there, or name another by --port."),
        (errno.EAFNOSUPPORT, "--host here --port 80: Address family not supported by protocol."),
    ],
)
def test_why_nothing_can_listen(number: int, said: str) -> None:
    """Each refusal of the system's has a sentence."""
    assert refusal("here", 80, OSError(number, os.strerror(number))).startswith(said)


@pytest.mark.parametrize(
    ("words", "variables", "code", "said"),
    [
        (("--reload", "--workers", "2"), {}, 2, "--reload runs one process: leave out --workers."),
        (("--workers", "0"), {}, 2, "--workers"),
        (("--host", ""), {}, 2, "--host is empty: 127.0.0.1 is this machine alone"),
        (
            ("--host", "a..b"),
            {},
            1,
            "--host a..b: that is no name; name an address of this machine, 0.0.0.0 or ::",
        ),
        ((), {"REDIS_URL": "http://queue"}, 1, "the scheme http is unknown"),
        ((), {"DATABASE_URL": "nothing"}, 1, "DATABASE_URL=nothing is not a database URL"),
        ((), {"API_URL": "localhost"}, 1, "it looks like http://localhost:8000/api"),
    ],
)
def test_refused(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    variables: dict[str, str],
    code: int,
    said: str,
) -> None:
    """Before anything is started."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    result = run("serve", "--port", str(free_port()), *words)
    assert code == result.exit_code
    assert said in result.output


@pytest.mark.only_on("mariadb")
def test_tables_that_are_missing(run: Run, breakable: Engine) -> None:
    """Are said before anybody is answered with a 500."""
    with breakable.begin() as connection:
        connection.exec_driver_sql("DROP TABLE osmod_worker_tokens")
    result = run("serve", "--port", str(free_port()))
    said = "Error: the worker's own tables are missing (osmod_worker_tokens): run `osmod db upgrade`.\n"
    assert (1, said) == (result.exit_code, result.output)


def test_without_the_extra(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence says what to install."""
    monkeypatch.delitem(sys.modules, "osmod.web.serving", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    result = run("serve", "--port", str(free_port()))
    assert (
        1,
        "Error: the server is not installed: in the folder of the source, pip install '.[server]'.\n",
    ) == (
        result.exit_code,
        result.output,
    )


def test_a_whole_life(tmp_path: Path) -> None:
    """Two processes with all that they need; the token that is shown counts; SIGTERM ends everything."""
    port, log = free_port(), tmp_path / "log"
    words = ["serve", "--demo", "--comments", "12", "--workers", "2", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "osmod", *words],
            env={**os.environ, "OSMOD_HOME": str(tmp_path / "home"), "PIP_NO_INDEX": "1"},
            stdout=output,
            stderr=output,
        )
    try:
        token = until(lambda: re.search(r"TOKEN=(\S+)", log.read_text()), 60, "a token is shown")[1]
        url = f"http://127.0.0.1:{port}/api/auth/test"
        shown = {"Authorization": f"JWT {token}"}
        until(lambda: process.poll() is not None or _answers(url, shown), 60, "the server answers")
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(120)
    assert 0 == code, log.read_text()
    assert f"Serving at http://127.0.0.1:{port}" in log.read_text()


def _answers(url: str, headers: dict[str, str]) -> bool:
    try:
        return httpx.get(url, headers=headers, timeout=60).status_code == 200
    except httpx.TransportError:
        return False
