"""`/services/commentActions`: what moderators do to comments, one or many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Request

from osmod.access.callers import Caller
from osmod.access.roles import Permission
from osmod.web.api.osmod.bodies import DOCUMENTED, READING
from osmod.web.api.osmod.checking import checked, told_of
from osmod.web.api.osmod.doing import do
from osmod.web.api.osmod.ids import row_id
from osmod.web.api.osmod.joi import Array, Boolean, Object, OneOf, Optional, String
from osmod.web.guard import needs
from osmod.web.problems import OsmodResponse

router = APIRouter(
    prefix="/services/commentActions",
    tags=["OSMod: comment actions"],
    default_response_class=OsmodResponse,
    dependencies=READING,
    responses=DOCUMENTED,
)

#: Whoever may moderate.
Moderating = Annotated[Caller, needs(Permission.MODERATE)]

#: The last part of a path → the task.
ACTIONS = {
    "approve": "acceptComments",
    "approve-flags": "acceptCommentsAndFlags",
    "reject": "rejectComments",
    "reject-flags": "rejectCommentsAndFlags",
    "defer": "deferComments",
    "highlight": "highlightComments",
    "reset": "resetComments",
    "resolve-flags": "resolveFlags",
}
#: The middle of a path → the task.
TAGGING = {"tag": "tagComments", "tagCommentSummaryScores": "tagCommentSummaryScores"}

_COMMENT = Object({"commentId": String()})
COMMENTS = Object({"data": OneOf((Array(_COMMENT), _COMMENT)), "runImmediately": Optional(Boolean())})
_TOLD = told_of(COMMENTS, {"data": [{"commentId": "12"}, {"commentId": "13"}]})


def comments_in(body: dict[str, Any]) -> list[int]:
    """The ids of the comments that a body names.

    Raises:
      BadPayload: one is no id.
    """
    data = body["data"] if isinstance(body["data"], list) else [body["data"]]
    return [row_id(one["commentId"], "commentId") for one in data]


def _action(task: str) -> Callable[..., dict[str, str]]:
    def act(request: Request, caller: Moderating, body: Annotated[Any, checked(COMMENTS)]) -> dict[str, str]:
        comments = comments_in(body)
        shared = {"userId": caller.user_id, "isBatchAction": len(comments) > 1}
        jobs = [{"commentId": comment, **shared} for comment in comments]
        return do(request, task, jobs, at_once=body.get("runImmediately", False))

    return act


def _tagging(task: str) -> Callable[..., dict[str, str]]:
    def act(
        request: Request, tag_id: str, caller: Moderating, body: Annotated[Any, checked(COMMENTS)]
    ) -> dict[str, str]:
        shared = {"tagId": row_id(tag_id, "tagId"), "userId": caller.user_id}
        jobs = [{"commentId": comment, **shared} for comment in comments_in(body)]
        return do(request, task, jobs, at_once=body.get("runImmediately", False))

    return act


for _name, _task in ACTIONS.items():
    router.add_api_route(
        f"/{_name}",
        _action(_task),
        methods=["POST"],
        name=_task,
        summary=f"Queues {_task}.",
        openapi_extra=_TOLD,
    )
for _name, _task in TAGGING.items():
    router.add_api_route(
        f"/{_name}/{{tag_id}}",
        _tagging(_task),
        methods=["POST"],
        name=_task,
        summary=f"Queues {_task}.",
        openapi_extra=_TOLD,
    )
