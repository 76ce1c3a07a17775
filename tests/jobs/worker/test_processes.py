"""How `osmod worker` makes, replaces and ends processes when that goes wrong."""

from __future__ import annotations

import errno
import time
from types import SimpleNamespace
from typing import Any

import pytest

from osmod.jobs.worker import processes
from osmod.jobs.worker.process import LATE, SPAWN, Origin, Process
from osmod.jobs.worker.processes import Forks, Slot
from osmod.jobs.worker.supervisor import parse
from tests.waiting import until


def test_a_process_that_cannot_be_made_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine has no more processes or files to give: no reason for those that run to go unattended."""

    def none_left(**options: Any) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(SPAWN, "Pipe", none_left)
    slot = Slot(parse(["worker"]), Origin())
    slot.start_if_due()

    assert [] == slot.everyone()
    assert not slot._restarts.is_due


def test_a_fork_function_that_dies_is_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a pause, and longer ones if it dies again; one that returned is done."""
    made: list[SimpleNamespace] = []

    def make(*_: object, daemon: bool) -> SimpleNamespace:
        made.append(SimpleNamespace(exitcode=None))
        return made[-1]

    monkeypatch.setattr(processes, "Process", make)
    forks = Forks(parse(["worker"]))
    clock = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: clock)
    forks.start(["figures"])
    forks.look()
    assert 1 == len(made)
    for pause in (0.5, 1.0):
        made[-1].exitcode = -9
        before = len(made)
        forks.look()
        clock += pause / 2 - 0.01
        forks.look()
        assert before == len(made)
        clock += pause / 2 + 0.02
        forks.look()
        assert before + 1 == len(made)
    made[-1].exitcode = 0
    clock += 60
    forks.look()
    assert 3 == len(made)


def test_one_that_cannot_end_is_killed() -> None:
    """It was to make place for another and does not heed signals, as if it were frozen or stuck in C code."""
    slot = Slot(parse(["worker"]), Origin())
    slot.process = Process(time.sleep, 60)  # with all signals held back
    slot.process.patience = -LATE
    slot.retire()

    until(lambda: slot.reap() is None and not slot.everyone(), 5)
