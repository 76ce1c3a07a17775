"""A picture that is painted anew until Ctrl-C, and outlives a Redis that is away."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import redis
from rich.console import Console
from rich.live import Live
from rich.text import Text

from osmod.jobs.wire.refusals import outage


def repaint(look: Callable[[], Any], every: float, out: Console) -> None:
    """Show what `look` gives on the whole screen, every so many seconds, until Ctrl-C.

    A terminal on which nothing can be painted over (`TERM=dumb`) gets one picture below the other.
    """
    try:
        while out.is_dumb_terminal:
            out.print(seen(look))
            time.sleep(every)
        with Live(console=out, screen=True, auto_refresh=False) as live:
            while True:
                live.update(seen(look), refresh=True)
                time.sleep(every)
    except KeyboardInterrupt:
        return


def seen(look: Callable[[], Any]) -> Any:
    """What `look` gives, or what is wrong with Redis while it cannot be had."""
    try:
        return look()
    except (redis.RedisError, OSError) as error:
        sentence = outage(error)
        return Text(f"{sentence[:1].upper()}{sentence[1:]}; looking again.", style="yellow")
