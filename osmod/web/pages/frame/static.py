"""Styles and scripts: read when the process starts, named with a hash of what is in them, kept for long by browsers."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from osmod.web.guard import open_to_all
from osmod.web.problems import Problem

_KINDS = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}
_FOR_EVER = "public, max-age=31536000, immutable"

router = APIRouter(prefix="/ui/static", include_in_schema=False, dependencies=[Depends(open_to_all)])


class StaticFile(NamedTuple):
    """A file as it is sent."""

    content: bytes
    kind: str
    version: str


@cache
def static_files() -> dict[str, StaticFile]:
    """All of them, by name."""
    folder = files("osmod.web.pages") / "static"
    found: dict[str, StaticFile] = {}
    for one in folder.iterdir():
        content = one.read_bytes()
        kind = _KINDS[one.name.rpartition(".")[2]]
        found[one.name] = StaticFile(content, kind, hashlib.sha256(content).hexdigest()[:12])
    return found


def address_of(name: str) -> str:
    """Where a file is found, under an address that changes with it."""
    return f"/ui/static/{name}?v={static_files()[name].version}"


@router.get("/{name}")
async def show_file(request: Request, name: str) -> Response:
    """A file of ours."""
    one = static_files().get(name)
    if one is None:
        raise Problem(404, f"There is no file {name[:80]!r} here.")
    is_this = request.query_params.get("v") == one.version
    return Response(
        one.content,
        media_type=one.kind,
        headers={"Cache-Control": _FOR_EVER if is_this else "no-cache"},
    )
