"""`/workers`: the worker processes, what they run, and what can be asked of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query

from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.presence import workers as living
from osmod.jobs.records.naming import suggested
from osmod.jobs.records.overview import snapshot
from osmod.jobs.steering import workers as steering
from osmod.web.api.answers import answers
from osmod.web.api.examples import JOB, WORKER
from osmod.web.api.queue import Confirm, Operator, Queue, Reason, Text, Viewer, confirmed, known_query, who
from osmod.web.api.shapes.workers import Asked, Workers
from osmod.web.problems import Problem

#: A worker, as the list shows it.
Name = Annotated[Text, Path(description="The worker, as `host:process`.")]

router = APIRouter(prefix="/workers", tags=["workers"], dependencies=[Depends(known_query)])


@router.get("", **answers(Workers, {"workers": [{**WORKER, "jobs": [JOB]}]}))
def list_workers(_caller: Viewer, broker: Queue) -> dict[str, Any]:
    """Which processes live, since when, how busy and large they are, and what they run."""
    return {"workers": snapshot(broker).workers_as_dicts()}


def add(name: str, ask: Callable[..., int], future: str, sentence: str) -> None:
    """Add the two routes by which something is asked of workers."""

    def of_many(
        caller: Operator,
        broker: Queue,
        worker: Annotated[
            list[Text], Query(max_length=1_000, description="A worker, or a host, which means all there.")
        ] = [],  # noqa: B006 - FastAPI copies it
        every: Annotated[bool, Query(alias="all", description="All workers.")] = False,
        confirm: Confirm = None,
        reason: Reason = "",
    ) -> dict[str, Any]:
        if not worker and not every:
            raise Problem(422, f"Say which workers to {name}: worker=host:process, or all=true.", field="all")
        meant = _meant(broker, worker)
        if len(meant) > 1:
            confirmed(confirm, len(meant), f"{len(meant)} workers would {future}.")
        return {"count": ask(broker, meant, by=who(caller), reason=reason)}

    def of_one(caller: Operator, broker: Queue, worker: Name, reason: Reason = "") -> dict[str, Any]:
        if worker not in (names := [one.name for one in living(broker)]):
            raise _unknown(worker, names)
        return {"count": ask(broker, [worker], by=who(caller), reason=reason)}

    described = {**answers(Asked, {"count": 1}, 404), "summary": sentence}
    router.post(
        f"/{name}",
        name=f"{name} workers",
        description="Of several the answer is 409 with their number, unless `confirm` has it.",
        **described,
    )(of_many)
    router.post(f"/{{worker}}/{name}", name=f"{name} worker", description="Asks one of it.", **described)(
        of_one
    )


def _meant(broker: JobBroker, which: list[str]) -> list[str]:
    """The names of the workers that are meant.

    Raises:
      Problem: 404, one is unknown, or none lives.
    """
    alive = living(broker)
    if not alive:
        raise Problem(404, "No worker lives.", count=0)
    known = {one.name for one in alive} | {one.host for one in alive}
    for typed in which:
        if typed not in known:
            raise _unknown(typed, [one.name for one in alive])
    return [one.name for one in alive if not which or one.name in which or one.host in which]


def _unknown(typed: str, names: list[str]) -> Problem:
    return Problem(404, f"No worker is called {typed[:80]!r}; {suggested(typed, names)}", field="worker")


add(
    "quiet",
    steering.quiet_workers,
    "begin no more jobs",
    "Have workers finish what runs and begin nothing more, until they are resumed or end.",
)
add("resume", steering.resume_workers, "begin jobs again", "Have quiet workers begin jobs again.")
add(
    "stop",
    steering.stop_workers,
    "stop",
    "Have workers end, as by SIGTERM: running jobs get their time, the rest goes back to its queue.",
)
