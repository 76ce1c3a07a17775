"""How `osmod worker` makes, replaces and ends processes when that goes wrong."""

from __future__ import annotations

import errno
import time
from typing import Any

import pytest

from osmod.jobs.worker import processes
from osmod.jobs.worker.processes import LATE, Process, Slot
from osmod.jobs.worker.supervisor import parse
from tests.waiting import until


def test_a_process_that_cannot_be_made_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine has no more processes or files to give: no reason for those that run to go unattended."""

    def none_left(**options: Any) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(processes._spawning, "Pipe", none_left)
    slot = Slot(parse(["worker"]))
    slot.start_if_due()

    assert [] == slot.everyone()
    assert slot._start_at > time.monotonic()


def test_one_that_cannot_end_is_killed() -> None:
    """It was to make place for another and does not heed signals, as if it were frozen or stuck in C code."""
    slot = Slot(parse(["worker"]))
    slot.process = Process(time.sleep, 60)  # with all signals held back
    slot.process.patience = -LATE
    slot.retire()

    until(lambda: slot.reap() is None and not slot.everyone(), 5)
