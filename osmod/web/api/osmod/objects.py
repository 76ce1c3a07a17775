"""What is ours of OSMod's calls about objects: a comment is edited, the worker's round is begun."""

from __future__ import annotations

from typing import Annotated, Any

import dramatiq
from fastapi import APIRouter, Request

from osmod.moderation.editing import edit_comment as edit
from osmod.moderation.errors import NotFound
from osmod.task import commit, scorers_may_fail
from osmod.web.api.osmod.bodies import DOCUMENTED, READING
from osmod.web.api.osmod.checking import checked, told_of
from osmod.web.api.osmod.comment_actions import Moderating
from osmod.web.api.osmod.doing import SUCCESS
from osmod.web.api.osmod.ids import possible_id
from osmod.web.api.osmod.joi import Object, Optional, String
from osmod.web.problems import OsmodResponse, Problem

router = APIRouter(
    prefix="/services",
    tags=["OSMod: objects"],
    default_response_class=OsmodResponse,
    dependencies=READING,
    responses=DOCUMENTED,
)

#: OSMod's words.
COMMENT_NOT_FOUND = "comment not found"

_EDIT = Object(
    {
        "commentId": String(),
        "text": Optional(String()),
        "authorName": Optional(String()),
        "authorLocation": Optional(String()),
    }
)
EDITED = Object({"data": _EDIT})
_TOLD = told_of(EDITED, {"data": {"commentId": "12", "text": "What I meant to say"}})


@router.patch("/editComment", openapi_extra=_TOLD)
def edit_comment(_caller: Moderating, body: Annotated[Any, checked(EDITED)]) -> dict[str, str]:
    """Changes a comment's text or author, and queues sendCommentForScoring with the change, so without Redis too."""
    data = body["data"]
    comment_id = possible_id(data["commentId"])
    if comment_id is None:
        raise Problem(404, COMMENT_NOT_FOUND)
    try:
        with scorers_may_fail():
            commit(
                lambda work: edit(
                    work,
                    comment_id,
                    text=data.get("text"),
                    author_name=data.get("authorName"),
                    author_location=data.get("authorLocation"),
                )
            )
    except NotFound:
        raise Problem(404, COMMENT_NOT_FOUND) from None
    return SUCCESS


@router.get("/processing/trigger/{anything}")
def trigger(request: Request, anything: str, _caller: Moderating) -> dict[str, str]:
    """Queues heartbeat: comments whose scores are overdue are sent again. Without a queue nothing is done."""
    if not request.app.state.settings.run_immediately:
        dramatiq.get_broker().get_actor("heartbeat").send()
    return {"status": "ok"}
