"""`/tasks/:taskName`: any of OSMod's tasks. In its code, but not mounted there, and open to everybody if it were."""

from __future__ import annotations

from typing import Annotated, Any

import dramatiq
from fastapi import APIRouter, Request
from starlette.responses import Response

from osmod.access.callers import Caller
from osmod.access.roles import Permission
from osmod.moderation.errors import BadPayload
from osmod.web.api.osmod.assistant import REFUSAL
from osmod.web.api.osmod.bodies import DOCUMENTED, READING
from osmod.web.api.osmod.checking import checked, told_of
from osmod.web.api.osmod.doing import do, payload_of
from osmod.web.api.osmod.ids import parse_int
from osmod.web.api.osmod.joi import Array, Boolean, Object, OneOf, Optional
from osmod.web.guard import needs
from osmod.web.problems import OsmodResponse

router = APIRouter(
    prefix="/tasks",
    tags=["OSMod: tasks"],
    default_response_class=OsmodResponse,
    dependencies=READING,
    responses=DOCUMENTED,
)

TASK = Object({"data": OneOf((Array(), Object())), "runImmediately": Optional(Boolean())})
_TOLD = told_of(TASK, {"data": {"commentId": 12, "userId": 3, "isBatchAction": False}})


@router.post("/{task_name}", openapi_extra=_TOLD, response_model=None)
def run_task(
    request: Request,
    task_name: str,
    _caller: Annotated[Caller, needs(Permission.RUN_TASKS, refusal=REFUSAL)],
    body: Annotated[Any, checked(TASK, echo=False)],
) -> dict[str, str] | Response:
    """Queues a job of the task with `data` as its arguments, or runs it before the answer: `runImmediately`."""
    actor = dramatiq.get_broker().actors.get(task_name)
    payload = payload_of(actor) if actor else None
    if payload is None:
        return OsmodResponse({"status": "error", "error": f"unknown task name: {task_name}"}, 400)
    job = _ids_read(task_name, body["data"])
    return do(request, task_name, [job], at_once=body.get("runImmediately", False))


def _ids_read(task_name: str, data: Any) -> dict[str, Any]:
    """A job's data with ids as numbers; OSMod's document has them as text, and `runImmediately` among them."""
    if not isinstance(data, dict):
        raise BadPayload(
            f"{task_name}: data: it must be one job's arguments, an object; ask once for each of several"
        )
    return {key: _read(key, value) for key, value in data.items() if key != "runImmediately"}


def _read(key: str, value: Any) -> Any:
    """The publisher's own ids (`sourceCommentId`) are text."""
    if not isinstance(value, str) or not key.endswith("Id") or key.startswith("source"):
        return value
    number = parse_int(value)
    return value if number is None else number
