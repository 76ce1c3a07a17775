"""`/auth`: whether a token counts. OSMod's Google login, and the open door to its configuration, are not here."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from osmod.web.documented import osmods
from osmod.web.guard import open_to_all, signed_in

router = APIRouter(prefix="/auth", tags=["OSMod: tokens"])

SENTENCE = "You should not be able to see this unless you have a valid JWT token"


@router.head("/test", dependencies=[Depends(signed_in)], response_class=HTMLResponse, include_in_schema=False)
@router.get("/test", dependencies=[Depends(signed_in)], response_class=HTMLResponse, responses=osmods())
def test() -> str:
    """A sentence for whoever shows a token that counts."""
    return SENTENCE


@router.get("/healthcheck", dependencies=[Depends(open_to_all)], response_class=HTMLResponse, status_code=218)
def healthcheck() -> str:
    """That nobody can log in with Google here; OSMod's pages ask before they show a login."""
    return "init_oauth"
