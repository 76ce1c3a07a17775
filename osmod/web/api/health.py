"""`/healthz` and `/readyz`: whether this process lives, and whether Redis and the database can be worked with."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from functools import cache
from threading import Thread
from typing import Any

import dramatiq
import redis
from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from osmod.jobs.broker import JobBroker
from osmod.task import get_engine
from osmod.web.guard import open_to_all

_log = logging.getLogger(__name__)

router = APIRouter(tags=["health"], dependencies=[Depends(open_to_all)])

#: Seconds in which a server has to answer. Longer than any healthy one takes, shorter than a probe waits.
PATIENCE = 2.0


class Probe:
    """Asks one server. There is never more than one question under way: others wait for its answer.

    Parameters:
      name: what is asked, as the answer calls it.
      ask: the question; returns if all is well.
    """

    def __init__(self, name: str, ask: Callable[[], None]) -> None:
        self.name = name
        self._ask = ask
        self._asked: Future[str | None] | None = None

    async def problem(self) -> str | None:
        """What is wrong, in some words; None if nothing is."""
        if self._asked is None or self._asked.done():
            self._asked = Future()
            Thread(target=self._answer, args=(self._asked,), name=f"probe {self.name}", daemon=True).start()
        try:
            async with asyncio.timeout(PATIENCE):
                return await asyncio.shield(asyncio.wrap_future(self._asked))
        except TimeoutError:
            return f"no answer in {PATIENCE:g} s"

    def _answer(self, asked: Future[str | None]) -> None:
        try:
            self._ask()
        except (redis.RedisError, SQLAlchemyError, OSError) as error:
            _log.warning("%s is not ready: %s", self.name, error)
            asked.set_result("cannot be reached or used")
        except BaseException as error:
            asked.set_exception(error)
            raise
        else:
            asked.set_result(None)


def ask_redis() -> None:
    """Whether the queue's Redis answers; where jobs run at once there is none to ask."""
    broker = dramatiq.get_broker()
    if isinstance(broker, JobBroker):
        broker.client.ping()


def ask_database() -> None:
    """Whether the database answers."""
    with get_engine().connect() as connection:
        connection.execute(text("SELECT 1"))


@cache
def probes() -> tuple[Probe, ...]:
    """Those of this process."""
    return Probe("redis", lambda: ask_redis()), Probe("database", lambda: ask_database())


class Health(BaseModel):
    """That this process answers."""

    status: str


class Readiness(Health):
    """What is asked besides, and `ok` or what is wrong with it."""

    redis: str
    database: str


@router.get(
    "/healthz",
    responses={200: {"model": Health, "content": {"application/json": {"example": {"status": "ok"}}}}},
)
async def healthz() -> dict[str, str]:
    """That this process lives and answers. Nothing else is asked: starting it anew would not help Redis."""
    return {"status": "ok"}


_READY: dict[str, Any] = {"status": "ready", "redis": "ok", "database": "ok"}
_NOT_READY: dict[str, Any] = {"status": "not ready", "redis": "no answer in 2 s", "database": "ok"}


@router.get(
    "/readyz",
    responses={
        200: {"model": Readiness, "content": {"application/json": {"example": _READY}}},
        503: {
            "description": "One of them cannot be worked with; which, and why, is said.",
            "model": Readiness,
            "content": {"application/json": {"example": _NOT_READY}},
        },
    },
)
async def readyz() -> JSONResponse:
    """Whether Redis and the database can be worked with; each has two seconds to answer."""
    asked = probes()
    problems = await asyncio.gather(*(probe.problem() for probe in asked))
    ready = not any(problems)
    said = {probe.name: problem or "ok" for probe, problem in zip(asked, problems, strict=True)}
    return JSONResponse({"status": "ready" if ready else "not ready", **said}, 200 if ready else 503)
