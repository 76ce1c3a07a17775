"""The actors of `tests.chaos.app`, and some of which one job kills the process that runs it among others.

Environment: beside that of the app `CHAOS_COMPANY`, how many jobs there are: the deadly one waits until all of them
have begun.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time

import dramatiq

from osmod.jobs import JobActor
from tests.chaos.app import broker, events, note

__all__ = ["ask", "broker", "visit"]


def _company_is_here() -> bool:
    """Whether all jobs have begun once, and at the second death those that have not ended in this process, too."""
    log = os.environ["CHAOS_LOG"]
    begun = [(name, process) for name, process, _ in events(log, "start")]
    names = {name for name, _ in begun}
    if len(names) < int(os.environ["CHAOS_COMPANY"]):
        return False
    here = {name for name, process in begun if process == os.getpid()}
    deaths = sum(name == "deadly" for name, _ in begun)
    return deaths > 2 or not names - here - {name for name, *_ in events(log)}


def _die() -> None:
    while not _company_is_here():
        time.sleep(0.02)
    os.kill(os.getpid(), signal.SIGKILL)


@dramatiq.actor(broker=broker, max_retries=0)
def visit(name: str, millis: int) -> None:
    """In a thread: take so long, or be deadly."""
    note("start", name)
    if name == "deadly":
        _die()
    time.sleep(millis / 1000)
    note("end", name)


@dramatiq.actor(broker=broker, actor_class=JobActor, max_retries=0, concurrency=500)
async def ask(name: str, millis: int) -> None:
    """The same as a coroutine."""
    note("start", name)
    if name == "deadly":
        threading.Thread(target=_die).start()
        await asyncio.sleep(600)
    await asyncio.sleep(millis / 1000)
    note("end", name)
