"""Actors for worker processes whose logs are read, on the project's own broker, as its settings make it."""

from __future__ import annotations

import logging

import dramatiq

from osmod.jobs.schedules import every
from osmod.jobs.setup import ensure_broker
from osmod.moderation.errors import NotFound
from osmod.moderation.work import Work
from osmod.task import retry, task
from osmod.task.payload import Id

broker = ensure_broker()
_library = logging.getLogger("some.library")


@dramatiq.actor(throws=NotFound)
def refuse(number: int) -> None:
    """Fail as a job does whose comment is not there."""
    raise NotFound(f"Comment not found, id: {number}")


@dramatiq.actor(max_retries=1, min_backoff=10, max_backoff=10)
def break_down(number: int) -> None:
    """Fail as a program does that has a fault."""
    raise KeyError(number)


@task("store", **retry(30, first=200, longest=400))
def store(work: Work, number: Id) -> None:
    """Have a transaction in which nothing happens."""


@dramatiq.actor
def talk() -> None:
    """Have a library log a line, with an error."""
    try:
        raise LookupError("nothing here")
    except LookupError:
        _library.warning("two\nlines", exc_info=True, extra={"weather": "fine"})


@dramatiq.actor
async def talk_in_a_coroutine() -> None:
    """The same, elsewhere."""
    _library.warning("from a coroutine")


@dramatiq.actor(max_retries=0, sensitive=("text", "reader_id"))
def leak(text: str, reader_id: int) -> None:
    """Say everywhere what is not to be said."""
    _library.warning("%s of %s", text, reader_id, extra={"said": text, "reader": reader_id})
    try:
        raise KeyError(text)
    except KeyError:
        _library.exception("in an error")
    raise ValueError(f"cannot read {text!r:.40} of {reader_id}")


@dramatiq.actor(rate_limit="1/day")
def seldom() -> None:
    """Run once a day."""


@dramatiq.actor(max_age=1)
def fresh() -> None:
    """Run at once or not at all."""


@dramatiq.actor(periodic=every("1 second"))
def every_second() -> None:
    """Run often."""
