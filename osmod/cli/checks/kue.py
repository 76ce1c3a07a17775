"""Kue's queue, where workers take jobs out of it, or are to."""

from __future__ import annotations

import os
from collections.abc import Iterator

import dramatiq
import redis

from osmod.cli.checks.finding import Finding, error, ok, warning
from osmod.cli.checks.redis import judge
from osmod.cli.kue_queue import kue_sentence, types_here
from osmod.cli.queue_access import counted
from osmod.kue.keys import KueQueue
from osmod.kue.status import KueStatus, read_status
from osmod.settings import Settings, masked


def check_kue(settings: Settings) -> Iterator[Finding]:
    """Whether its Redis keeps what is queued, and what is stuck there. Nothing where Kue is not spoken of."""
    if not (settings.kue or os.environ.get("KUE_URL")):
        return
    try:
        queue = KueQueue.at(settings.kue_url, settings.kue_prefix)
    except ValueError as problem:
        yield error(f"{problem}.")
        return
    try:
        if settings.kue_url != settings.redis_url:
            yield from judge(queue.client.info(), settings.kue_url)
        yield from _look(read_status(queue, types_here(dramatiq.get_broker())), settings)
    except redis.RedisError as problem:
        yield error(kue_sentence(problem, settings))
    finally:
        queue.close()


def _look(status: KueStatus, settings: Settings) -> Iterator[Finding]:
    where = f"prefix {settings.kue_prefix} at {masked(settings.kue_url)}"
    if not status.kinds:
        yield warning(f"nothing was ever queued with {where}: KUE_URL and KUE_PREFIX say where to look.")
        return
    waiting = sum(one.sizes["inactive"] for one in status.kinds if one.has_actor)
    yield ok(f"{counted(waiting)} for us under {where}, {counted(status.here)} here")
    if overdue := sum(one.overdue for one in status.held):
        yield warning(
            f"{counted(overdue)} of Node workers ran for longer than they may, so no Node worker lives: "
            "`osmod kue rescue` takes over what dead ones had begun."
        )
    for key in status.foreign:
        yield error(f"{key}.")
    for one in status.repeating:
        if one.runs_twice:
            yield warning(
                f"{one.kind} is repeated by kue-scheduler ({one.interval}) and here ({one.schedule}), so it runs "
                f"twice: {one.remedy}."
            )
