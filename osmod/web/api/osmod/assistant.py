"""`/assistant`: the answers of scorers that were asked, and answer later."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException

from osmod.access.callers import Caller
from osmod.access.roles import Permission, Role
from osmod.moderation.answering import OpenRequest, check_open, find_request
from osmod.moderation.database import open_session
from osmod.task import get_engine
from osmod.task.asking import give_up
from osmod.web.api.osmod.bodies import DOCUMENTED, READING, Body
from osmod.web.api.osmod.checking import Checked, told_of
from osmod.web.api.osmod.doing import SUCCESS, do
from osmod.web.api.osmod.ids import possible_id
from osmod.web.api.osmod.joi import Array, Boolean, Number, Object, Optional, String
from osmod.web.guard import needs
from osmod.web.problems import OsmodResponse, Problem

router = APIRouter(
    prefix="/assistant",
    tags=["OSMod: assistant"],
    default_response_class=OsmodResponse,
    dependencies=READING,
    responses=DOCUMENTED,
)

REFUSAL = "Only service users can access this API."
#: Whoever may answer for scorers, or is one.
Answering = Annotated[Caller, needs(Permission.ANSWER_SCORES, refusal=REFUSAL)]

_KEY = re.compile("[A-Z_]+")
_SPAN = Object({"score": Number(), "begin": Optional(Number()), "end": Optional(Number())})
ANSWER = Object(
    {
        "scores": Object(pattern=(_KEY, Array(_SPAN))),
        "summaryScores": Object(pattern=(_KEY, Number())),
        "runImmediately": Optional(Boolean()),
    }
)
ERROR = Object({"error": String()})
_TOLD = told_of(
    ANSWER,
    {"scores": {"TOXICITY": [{"score": 0.4, "begin": 0, "end": 5}]}, "summaryScores": {"TOXICITY": 0.4}},
)


class _ScoresOrError(Checked):
    """Scores, or `{error}` alone: the protocol has it, though OSMod's server refuses it."""

    def __call__(self, body: Body) -> Any:
        """The body.

        Raises:
          BadBody: it is neither.
        """
        is_error = isinstance(body, dict) and body.keys() == {"error"}
        return Checked(ERROR)(body) if is_error else super().__call__(body)


@router.post("/scores/{request_id}", openapi_extra=_TOLD)
def answer(
    request: Request,
    request_id: str,
    caller: Answering,
    body: Annotated[Any, Depends(_ScoresOrError(ANSWER))],
) -> dict[str, str]:
    """Queues processMachineScore for the comment and the scorer of an open request.

    With `{error}` in place of scores the scorer is given up for this comment: a person is to look at it.
    """
    asked = _request(request_id, caller)
    if "error" in body:
        give_up(asked.comment_id, asked.id, f"scorer {asked.scorer_id} answers: {body['error']}")
        return SUCCESS
    score_data = {"scores": body["scores"], "summaryScores": body["summaryScores"]}
    job = {
        "commentId": asked.comment_id,
        "userId": asked.scorer_id,
        "scoreData": score_data,
        "requestId": asked.id,
    }
    return do(request, "processMachineScore", [job], at_once=body.get("runImmediately", False))


@router.api_route(
    "/{anything:path}", methods=["GET", "HEAD", "POST", "PATCH", "DELETE"], include_in_schema=False
)
def nothing(anything: str, _caller: Answering) -> None:
    """OSMod looks at who asks before it looks for the path."""
    raise HTTPException(404)


def _request(request_id: str, caller: Caller) -> OpenRequest:
    number = possible_id(request_id)
    with open_session(get_engine()) as session:
        request = find_request(session, number) if number is not None else None
        if request is None:
            raise Problem(400, "Score request not found by provided scoreRequestId")
        if caller.role is Role.SCORER and request.user_id != caller.user_id:
            raise Problem(403, REFUSAL)
        return check_open(session, request)
