"""`python -m tests.kue.dying STEP`: a bridge that is killed at one step, as by SIGKILL."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from osmod.jobs.broker import JobBroker
from osmod.jobs.wire.scripts import Script
from osmod.kue.bridge import Bridge
from osmod.kue.keys import KueQueue
from tests.kue import app

#: Where a process can die: before and after each call by which something is changed.
STEPS = (
    *("before take", "after take", "before send", "after send", "before stored", "after stored"),
    *("before tell", "after tell"),
)


def _dies() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _deadly(function: Callable[..., Any], before: Callable[..., bool], after: Callable[..., bool]) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        if before(*args):
            _dies()
        answer = function(*args, **kwargs)
        if after(*args):
            _dies()
        return answer

    return call


def prepare(step: str) -> None:
    """Have this process die at that step."""
    when, what = step.split()

    def is_it(place: str) -> Callable[..., bool]:
        def met(*args: Any) -> bool:
            name = args[0].name if isinstance(args[0], Script) else "send"
            return place == when and name == what

        return met

    before, after = is_it("before"), is_it("after")
    Script.run = _deadly(Script.run, before, after)  # type: ignore[method-assign]
    JobBroker.send_many = _deadly(JobBroker.send_many, before, after)  # type: ignore[method-assign]


if __name__ == "__main__":
    prepare(sys.argv[1])
    bridge = Bridge(app.broker, KueQueue.at(app.URL))
    bridge.start()
    bridge.wait()
