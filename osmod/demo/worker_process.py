"""The demo's worker: `osmod worker` as an operator starts it, in processes of its own."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

PROCESSES = 2
#: For each process.
THREADS = 8
STOP_SECONDS = 20
#: Lines of the log that are shown where the worker died.
TAIL = 15


class WorkerDied(Exception):
    """The worker ended before its work did. The message has the end of its log."""


@contextlib.contextmanager
def running_worker(environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker with these variables over the process's own; its output goes to `log`.

    It is told to stop when the block is left, and killed with all its processes if it does not.
    """
    command = [sys.executable, "-m", "osmod", "worker", "worker", "--path", str(_folder_of_worker())]
    command += ["--processes", str(PROCESSES), "--threads", str(THREADS)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            start_new_session=True,  # Ctrl-C is for us, who then stop it in order
        )
    try:
        yield process
    finally:
        _stop(process)


def check(process: subprocess.Popen[bytes], log: Path) -> None:
    """Raise `WorkerDied` if the worker has ended."""
    if process.poll() is not None:
        raise WorkerDied(f"the worker ended with exit status {process.returncode}.\n{tail(log)}")


def tail(log: Path) -> str:
    """The end of a log, with its name above it."""
    lines = log.read_text("utf-8", errors="replace").splitlines()[-TAIL:]
    return "\n".join([f"The end of {log}:", *(f"  {line:.200}" for line in lines or ["(empty)"])])


def _folder_of_worker() -> Path:
    found = importlib.util.find_spec("worker")
    if found is None or found.origin is None:
        raise WorkerDied("worker.py is not to be found: run this from the project's folder, or install it")
    return Path(found.origin).parent


def _stop(process: subprocess.Popen[bytes]) -> None:
    try:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    finally:  # also where a second Ctrl-C ends the waiting; the group outlives its leader if that was killed
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
