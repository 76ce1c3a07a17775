"""Commands that run until they are stopped, and clean up behind them."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from time import monotonic
from types import FrameType

from osmod.jobs.worker.signals import SAME


@contextlib.contextmanager
def stopping_in_order() -> Iterator[None]:
    """Make a hang-up or a plain `kill` end the block as Ctrl-C does, so that nothing stays behind.

    What is to be cleaned up belongs into the block, where a second signal within `SAME` seconds cannot end it, as
    systemd and `timeout` may send; a later one does, as a second Ctrl-C.
    """
    asked: float | None = None

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked is not None and monotonic() - asked < SAME:
            return
        asked = monotonic()
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
