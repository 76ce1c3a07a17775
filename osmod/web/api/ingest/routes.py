"""`/ingest/comments`: a publisher's comments come, are put right and go; each is answered for itself."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from osmod.access.callers import Caller
from osmod.access.roles import Permission
from osmod.moderation.database import open_session
from osmod.moderation.errors import source_not_found
from osmod.moderation.incoming import SourceId
from osmod.moderation.progress import Progress, progress_of
from osmod.moderation.removal import remove_comment
from osmod.moderation.sources import find_comment_id
from osmod.task import commit, get_engine
from osmod.web.api.ingest.answers import REFUSED, BadLine, Sent, read_json, take, take_lines
from osmod.web.api.ingest.document import NDJSON, POSTED
from osmod.web.api.ingest.lines import batches
from osmod.web.api.ingest.streamed import Streamed
from osmod.web.documented import ours
from osmod.web.frame.bodies import LIMIT, WHOLE
from osmod.web.guard import needs
from osmod.web.problems import Problem

router = APIRouter(prefix="/ingest/comments", tags=["Ingest"], responses=ours(400, 404, 408, 409, 413, 415))

#: Bytes of a stream; a million comments have some hundred million.
STREAM_LIMIT = 16 * 1024**3
_STREAMED = (NDJSON, "application/ndjson", "application/jsonl")

Ingesting = Annotated[Caller, needs(Permission.INGEST)]
Which = Annotated[SourceId, Path(description="the publisher's id of the comment")]
Answers = Annotated[
    Literal["all", "refused"],
    Query(
        description="of a stream: an answer for each line, or for refused ones only, and one that counts all"
    ),
]


@router.post("", openapi_extra=POSTED, response_class=Response)
async def take_comments(request: Request, caller: Ingesting, answers: Answers = "all") -> Response:
    """Takes in comments: one, a list, or a stream of lines (NDJSON) of any length.

    New ones are stored with article and category, and queued for scoring with the change, so without Redis too. A
    changed text is stored and scored again; the same again changes nothing. What gets no answer was not taken: send it
    again. Of a stream answers come while it is being read; a client that does not read them meanwhile asks for
    `answers=refused`. New comments that a service sends belong to it: it is told of what is decided on them, if it has
    a webhook.
    """
    owner_id = caller.user_id if caller.group == "service" else None
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise Problem(415, "The body is compressed, and is not unpacked here: send it as it is.")
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind in _STREAMED:
        told = _told(request, owner_id, only_refused=answers == "refused")
        return Streamed(await anext(told, b""), told, NDJSON)
    if kind == "application/json":
        return await run_in_threadpool(_take_body, await _whole_body(request), owner_id)
    raise Problem(
        415, f"The Content-Type is {kind!r:.80}: send application/json or {NDJSON}.", field="Content-Type"
    )


@router.get("/{source_id:path}")
def show_comment(source_id: Which, _caller: Annotated[Caller, needs(Permission.SEE_COMMENTS)]) -> Progress:
    """Where a comment stands: which scorers were asked and have answered, its scores, what was decided."""
    with open_session(get_engine()) as session:
        comment_id = find_comment_id(session, source_id)
        progress = progress_of(session, comment_id) if comment_id is not None else None
    if progress is None:
        raise source_not_found(source_id)
    return progress


@router.delete("/{source_id:path}", status_code=204)
def delete_comment(source_id: Which, _caller: Ingesting) -> None:
    """Deletes a comment with its scores, decisions and flags; answers to it stay."""
    commit(lambda work: remove_comment(work, source_id))


def _take_body(body: bytes, owner_id: int | None) -> Response:
    try:
        value = read_json(body)
    except BadLine as error:
        raise Problem(400, f"The body: {error}.", field="body") from None
    if isinstance(value, list):
        return JSONResponse(take([Sent(place, one) for place, one in enumerate(value, 1)], owner_id))
    (answer,) = take([Sent(1, value)], owner_id)
    if answer["status"] == REFUSED:
        raise Problem(422, f"{answer['error']['detail']}.", field=answer["error"]["field"])
    return JSONResponse(answer, 201 if answer["status"] == "created" else 200)


async def _whole_body(request: Request) -> bytes:
    """A body that is no stream, bounded as any other.

    Raises:
      Problem: 408, 413.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(WHOLE):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LIMIT:
                    detail = f"The body is larger than {LIMIT} bytes: send a stream of lines ({NDJSON})."
                    raise Problem(413, detail, limit=LIMIT, headers={"Connection": "close"})
    except TimeoutError:
        raise Problem(408, "The body did not come in time.", headers={"Connection": "close"}) from None
    return bytes(body)


async def _told(request: Request, owner_id: int | None, *, only_refused: bool) -> AsyncIterator[bytes]:
    """The answers to a stream, as it comes. Ends early where the server is to stop."""
    counted: Counter[str] = Counter()
    async for lines in batches(request.stream(), request.state.stopping):
        answers = await run_in_threadpool(take_lines, lines, owner_id)
        counted.update(answer["status"] for answer in answers)
        yield b"".join(_line(answer) for answer in answers if not only_refused or answer["status"] == REFUSED)
        if request.state.stopping.is_set():
            return
    if only_refused:
        yield _line({"lines": counted.total(), **counted})


def _line(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"
