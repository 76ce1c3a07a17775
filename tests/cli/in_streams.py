"""Run `osmod` commands in streams of every kind, from one process that has imported it all: a fork costs little.

`python -m tests.cli.in_streams` takes a list of commands (lists of words) as JSON on standard input, and prints a list
of `Run`s as JSON.
"""

from __future__ import annotations

import errno
import json
import os
import pty
import struct
import sys
import termios
from dataclasses import asdict, dataclass
from fcntl import ioctl
from importlib import import_module
from typing import TextIO

from osmod.cli import COMMANDS, main
from osmod.cli.queue_access import load_actors

#: Columns and TERM of each terminal.
TERMINALS = {"narrow": (40, "xterm"), "dumb": (80, "dumb"), "terminal": (80, "xterm")}


@dataclass(frozen=True)
class Run:
    """How a command ended.

    Attributes:
      where: `closed` (nobody reads), `piped` (no terminal), or one of `TERMINALS`.
      out: what it printed; on a terminal with what it said on standard error.
    """

    words: list[str]
    where: str
    status: int
    out: str
    err: str


def closed(words: list[str]) -> Run:
    """Into a pipe that nobody reads any more, as `| head -1` leaves it; its errors go where they are read."""
    reading, writing = os.pipe()
    os.close(reading)
    errors, its_errors = os.pipe()
    process = _child(words, writing, its_errors)
    os.close(writing)
    os.close(its_errors)
    said = _all(errors)
    return Run(words, "closed", _status(process), "", said)


def piped(words: list[str]) -> Run:
    """Into pipes that are read."""
    reading, writing = os.pipe()
    errors, its_errors = os.pipe()
    process = _child(words, writing, its_errors)
    os.close(writing)
    os.close(its_errors)
    out, said = _all(reading), _all(errors)
    return Run(words, "piped", _status(process), out, said)


def terminal(words: list[str], where: str) -> Run:
    """In a terminal."""
    columns, kind = TERMINALS[where]
    own, other = pty.openpty()
    ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    os.environ["TERM"] = kind
    process = _child(words, other, other)
    os.close(other)
    out = _all(own)
    return Run(words, where, _status(process), out, "")


def _child(words: list[str], out: int, err: int) -> int:
    process = os.fork()
    if process == 0:
        try:
            os.dup2(out, 1)
            os.dup2(err, 2)
            # Python has made its streams already, by what it began with.
            sys.stdout, sys.stderr = map(_stream, (1, 2))
            main(words, prog_name="osmod")
        finally:
            for stream in (sys.stdout, sys.stderr):
                _flush(stream)
            os._exit(_raised(sys.exc_info()[1]))
    return process


def _stream(number: int) -> TextIO:
    return open(number, "w", encoding="utf-8", closefd=False)


def _flush(stream: TextIO) -> None:
    try:
        stream.flush()
    except OSError:  # nobody reads, which the command has noticed
        return


def _raised(problem: BaseException | None) -> int:
    return problem.code if isinstance(problem, SystemExit) and isinstance(problem.code, int) else 99


def _all(number: int) -> str:
    parts = []
    while part := _part(number):
        parts.append(part)
    os.close(number)
    return b"".join(parts).decode()


def _part(number: int) -> bytes:
    try:
        return os.read(number, 65536)
    except OSError as error:
        if error.errno != errno.EIO:  # Linux: the other side of the terminal is closed.
            raise
        return b""


def _status(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


if __name__ == "__main__":
    for name in COMMANDS:
        if name not in ("worker", "serve"):  # they load what runs, not what shows
            import_module(f"osmod.cli.{name}")
    load_actors(needed=True)
    runs = []
    for command in json.load(sys.stdin):
        runs += [closed(command), piped(command), *(terminal(command, where) for where in TERMINALS)]
    print(json.dumps([asdict(run) for run in runs]))
