"""The services and processes that tests need: said where one is missing, known where one stays."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterable
from functools import partial
from typing import NoReturn

import psutil
import pytest

from tests.waiting import SLACK

#: An environment variable by which every process that comes from this run is known.
MARK = "TEST_RUN"
#: Why tests were skipped, for the end of the run.
not_tested: dict[str, None] = {}
_long_lived: set[int] = set()


def mark_processes() -> None:
    """Mark every process that the tests start from now on."""
    os.environ[MARK] = uuid.uuid4().hex


def own_temporary_folder() -> Callable[[], None]:
    """Have what the tests and their processes put into the temporary folder go with the run. Returns what deletes it.

    Of a process that is killed something stays behind, as the socket by which a worker forks its processes.
    """
    folder = tempfile.mkdtemp(
        prefix="tests-"
    )  # not in this process, whose own temporary folder is looked up by now
    os.environ["TMPDIR"] = folder
    return partial(shutil.rmtree, folder, ignore_errors=True)


def unavailable(reason: str) -> NoReturn:
    """Skip what needs a service that is not there; under CI, fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and CI=true asks for it", pytrace=False)
    not_tested[reason] = None
    pytest.skip(reason)


def keep_running(processes: Iterable[int] | None = None) -> None:
    """These processes, by default all that run now, live as long as the tests do."""
    _long_lived.update((process.pid for process in started()) if processes is None else processes)


def started() -> set[psutil.Process]:
    """Every running process that comes from this run: our children, and orphans that carry our mark."""
    found = set(psutil.Process().children(recursive=True))
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(MARK) == os.environ[MARK]:
                found.add(process)
        except psutil.Error:
            continue
    return found


def left_running(before: set[int]) -> list[str]:
    """The commands of our processes that do not end by themselves. They are killed.

    Parameters:
      before: the ids of all processes, ours and others', that are not meant.
    """
    # To look at all processes of a machine, twice for each module, takes seconds of a run.
    known = before | _long_lived
    since = [process for process in psutil.process_iter() if process.pid not in known]
    new = [process for process in since if _is_ours(process) and not _pythons_own(process)]
    _, left = psutil.wait_procs(new, timeout=5 * SLACK)
    commands = [" ".join(process.cmdline()) for process in left]
    for process in left:
        process.kill()
    return commands


def _is_ours(process: psutil.Process) -> bool:
    try:
        if process.environ().get(MARK) == os.environ[MARK]:
            return True
    except psutil.Error:
        pass  # another user's, or dead and not waited for
    try:
        return os.getpid() in (parent.pid for parent in process.parents())
    except psutil.Error:
        return False


def _pythons_own(process: psutil.Process) -> bool:
    """Whether it is multiprocessing's tracker, which Python starts once and ends with itself."""
    try:
        return any("multiprocessing.resource_tracker" in word for word in process.cmdline())
    except psutil.Error:
        return False
