"""Actors that say when their threads have let go of a job; see `tests.chaos.app` for the log and settings."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import subprocess
import time

import dramatiq
from dramatiq.middleware import AsyncIO

from tests.chaos.app import broker, note

broker.add_middleware(AsyncIO())

#: The process that takes what others let go of; there jobs are short.
HEIR = "STOPPING_HEIR"


def _seconds(millis: int) -> float:
    return 0.02 if os.environ.get(HEIR) == str(os.getpid()) else millis / 1000


@dramatiq.actor
def brief(name: str, millis: int) -> None:
    """Take so long, open to interruption."""
    note("start", name)
    try:
        over = time.monotonic() + _seconds(millis)
        while time.monotonic() < over:
            time.sleep(0.01)
        note("end", name)
    finally:
        note("over", name)


@dramatiq.actor
def deaf(name: str, millis: int) -> None:
    """Take so long in one system call, which nothing interrupts."""
    note("start", name)
    time.sleep(_seconds(millis))
    note("end", name)
    note("over", name)


@dramatiq.actor
async def asynchronous(name: str, millis: int) -> None:
    """Take so long on the event loop."""
    note("start", name)
    try:
        await asyncio.sleep(_seconds(millis))
        note("end", name)
    finally:
        note("over", name)


@dramatiq.actor
async def blocking(name: str, millis: int) -> None:
    """Take so long and hold up the event loop, as no coroutine should."""
    note("start", name)
    time.sleep(_seconds(millis))
    note("end", name)
    note("over", name)


@dramatiq.actor(max_retries=0)
def parental(name: str, millis: int) -> None:
    """Wait for a process of its own that takes so long, and be content however that ends."""
    note("start", name)
    process = multiprocessing.get_context("fork").Process(target=time.sleep, args=(_seconds(millis),))
    process.start()
    process.join()
    note("end", name)
    note("over", name)


@dramatiq.actor(max_retries=0)
def program(name: str, millis: int) -> None:
    """Wait for a program, which a shell runs, that takes so long."""
    note("start", name)
    subprocess.run(["sh", "-c", f"sleep {_seconds(millis)}; true"], check=True)
    note("end", name)
    note("over", name)


@dramatiq.actor(max_retries=0, notify_shutdown=True)
def notified(name: str, millis: int) -> None:
    """Take so long, and be told at once when that is not to be."""
    brief.fn(name, millis)


@dramatiq.actor(max_retries=0, notify_shutdown=True)
async def slow_to_let_go(name: str, millis: int) -> None:
    """Take so long on the event loop, and some seconds more when cancelled."""
    note("start", name)
    try:
        await asyncio.sleep(_seconds(millis))
        note("end", name)
    except asyncio.CancelledError:
        await asyncio.sleep(2.5)
    finally:
        note("over", name)
