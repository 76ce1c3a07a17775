"""`/services/commentActions/:commentid/…`: what moderators say of one comment's scores."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Request

from osmod.moderation.errors import BadPayload
from osmod.web.api.osmod.bodies import DOCUMENTED, READING, Body, is_true
from osmod.web.api.osmod.checking import checked, told_of
from osmod.web.api.osmod.comment_actions import Moderating
from osmod.web.api.osmod.doing import do
from osmod.web.api.osmod.ids import row_id
from osmod.web.api.osmod.joi import Array, Boolean, Number, Object, OneOf, Optional, String
from osmod.web.problems import OsmodResponse

router = APIRouter(
    prefix="/services/commentActions/{comment_id}",
    tags=["OSMod: tags and scores"],
    default_response_class=OsmodResponse,
    dependencies=READING,
    responses=DOCUMENTED,
)

#: The last part of a path → the task, for a score of the scorers' and for a summary score.
OF_SCORES = {"confirm": "confirmTag", "reject": "rejectTag"}
OF_SUMMARIES = {"confirm": "confirmCommentSummaryScore", "reject": "rejectCommentSummaryScore"}

_SPAN = Object(
    {"tagId": String(), "annotationStart": Number(), "annotationEnd": Number(above="annotationStart")}
)
ADDED = Object({"data": OneOf((Array(_SPAN), _SPAN)), "runImmediately": Optional(Boolean())})
_TOLD = told_of(ADDED, {"data": {"tagId": "4", "annotationStart": 0, "annotationEnd": 5}})


@router.post("/scores", openapi_extra=_TOLD)
def add_score(
    request: Request, comment_id: str, caller: Moderating, body: Annotated[Any, checked(ADDED)]
) -> dict[str, str]:
    """Queues addTag: a span of the comment (UTF-16 units of its text) gets a tag."""
    data = body["data"]
    if isinstance(data, list):
        raise BadPayload("data: it must be one span, an object; ask once for each of several")
    job = {
        "commentId": row_id(comment_id, "commentId"),
        "tagId": row_id(data["tagId"], "tagId"),
        "userId": caller.user_id,
        # A fraction passes OSMod's check, and its database cuts it off.
        "annotationStart": math.trunc(data["annotationStart"]),
        "annotationEnd": math.trunc(data["annotationEnd"]),
    }
    return do(request, "addTag", [job], at_once=body.get("runImmediately", False))


@router.post("/scores/{score_id}/reset")
def reset_score(request: Request, score_id: str, _caller: Moderating, body: Body) -> dict[str, str]:
    """Queues resetTag: what was said of a score is taken back."""
    job = {"commentScoreId": row_id(score_id, "scoreId")}
    return do(request, "resetTag", [job], at_once=is_true(body, "runImmediately"))


@router.delete("/scores/{score_id}")
def remove_score(request: Request, score_id: str, _caller: Moderating, body: Body) -> dict[str, str]:
    """Queues removeTag: a score goes."""
    job = {"commentScoreId": row_id(score_id, "scoreId")}
    return do(request, "removeTag", [job], at_once=is_true(body, "runImmediately"))


def _of_score(task: str) -> Callable[..., dict[str, str]]:
    def act(request: Request, score_id: str, caller: Moderating, body: Body) -> dict[str, str]:
        job = {"commentScoreId": row_id(score_id, "scoreId"), "userId": caller.user_id}
        return do(request, task, [job], at_once=is_true(body, "runImmediately"))

    return act


def _of_summary(task: str) -> Callable[..., dict[str, str]]:
    def act(request: Request, comment_id: str, tag_id: str, caller: Moderating, body: Body) -> dict[str, str]:
        job = {
            "commentId": row_id(comment_id, "commentId"),
            "tagId": row_id(tag_id, "tagId"),
            "userId": caller.user_id,
        }
        return do(request, task, [job], at_once=is_true(body, "runImmediately"))

    return act


for _name, _task in OF_SCORES.items():
    router.add_api_route(
        f"/scores/{{score_id}}/{_name}",
        _of_score(_task),
        methods=["POST"],
        name=_task,
        summary=f"Queues {_task}.",
    )
for _name, _task in OF_SUMMARIES.items():
    router.add_api_route(
        f"/tagCommentSummaryScores/{{tag_id}}/{_name}",
        _of_summary(_task),
        methods=["POST"],
        name=_task,
        summary=f"Queues {_task}.",
    )
