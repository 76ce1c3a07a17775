"""Signing in and out, light and dark, and `/ui` itself."""

from __future__ import annotations

import logging
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from osmod.access.callers import Caller
from osmod.access.errors import AccessError
from osmod.access.issued import revoke_token
from osmod.access.links import begin_by_code
from osmod.access.sessions import LIFETIME, begin_session
from osmod.access.tokens import BadToken, read_token
from osmod.moderation.database import open_session
from osmod.moderation.models import AccessToken
from osmod.task import get_engine
from osmod.web.guard import caller_of, get_signing, open_to_all, refusal
from osmod.web.pages.frame.layout import THEME, THEMES, page_answer, ways_of
from osmod.web.pages.frame.page import UI
from osmod.web.pages.frame.returning import own
from osmod.web.pages.frame.session import csrf_of, forget, from_here, keep, page_needs, posted, shown
from osmod.web.problems import Problem

_log = logging.getLogger(__name__)

router = APIRouter(prefix=UI, include_in_schema=False)
Anybody = Annotated[None, Depends(open_to_all)]
SignedIn = Annotated[Caller, page_needs(None)]
Fields = Annotated[dict[str, list[str]], Depends(posted)]

_OVER = "This link was used already, or is over: ask for another (osmod users link), or paste a token."
_NO_GOOD = "This token does not count: it is misspelt, over or revoked. `osmod users token` makes one."


at_root = APIRouter(include_in_schema=False)


@at_root.get("/")
def lead_on(request: Request, _anybody: Anybody) -> Response:
    """To the pages, for browsers; for programs there is nothing."""
    if "text/html" not in request.headers.get("Accept", ""):
        raise HTTPException(404)
    return RedirectResponse(UI, 303)


@router.get("")
def begin(request: Request, caller: SignedIn) -> Response:
    """The first page that the reader may see."""
    ways = ways_of(request)
    if not ways:
        raise Problem(403, f"There is no page for the role {caller.role}: it is for programs.")
    return RedirectResponse(ways[0].address, 303)


@router.get("/session", status_code=204)
def ask_session(_caller: SignedIn) -> Response:
    """Whether the reader's session still counts."""
    return Response(status_code=204)


@router.get("/sign-in")
def show_sign_in(request: Request, _anybody: Anybody) -> Response:
    """A form for a token; for a link the button that uses it, as programs that look at links must not use it up."""
    code = request.query_params.get("code", "")
    return _form(request, code=code[:100], back=request.query_params.get("back", ""))


@router.post("/sign-in")
def sign_in(request: Request, _anybody: Anybody, fields: Fields) -> Response:
    """A session for whoever shows a token or a code that counts; then on with what was meant before."""
    from_here(request)
    given = {name: values[0].strip() for name, values in fields.items()}
    kept = {name: given.get(name, "") for name in ("back", "kept", "kept_path")}
    try:
        row, token = _session(request, given.get("code", ""), given.get("token", ""))
    except BadToken as error:
        _log.info("nobody was signed in: %s", error)
        refused = refusal(request)
        wrong = refused.detail if refused.status_code == 429 else _OVER if given.get("code") else _NO_GOOD
        return _form(request, status=refused.status_code, wrong=wrong, **kept)
    except AccessError as error:
        return _form(request, status=403, wrong=str(error), **kept)
    _log.info("user %d signed in, session %s", row.user_id, row.id)
    answer = _onward(request, kept, token)
    seconds = (row.expires_at - row.created_at) if row.expires_at else LIFETIME
    keep(request, answer, token, int(seconds.total_seconds()))
    return answer


@router.post("/sign-out")
def sign_out(request: Request, _caller: SignedIn) -> Response:
    """End the session, for whoever else has its cookie too."""
    claims = read_token(shown(request) or "", get_signing(request))
    with open_session(get_engine()) as session:
        if claims.token_id is not None:  # else it is OSMod's own, which has no row
            revoke_token(session, claims.token_id)
            session.commit()
    answer = RedirectResponse(f"{UI}/sign-in", 303)
    forget(request, answer)
    return answer


@router.post("/theme")
def set_theme(request: Request, _caller: SignedIn, fields: Fields) -> Response:
    """Light, dark, or as the system has it."""
    theme, back = (next(iter(fields.get(name, ())), "") for name in ("theme", "back"))
    answer = RedirectResponse(own(back) or UI, 303)
    if theme in THEMES:
        answer.set_cookie(THEME, theme, max_age=365 * 86_400, path=UI, httponly=True, samesite="lax")
    else:
        answer.delete_cookie(THEME, path=UI)
    return answer


def _session(request: Request, code: str, token: str) -> tuple[AccessToken, str]:
    signing = get_signing(request)
    with open_session(get_engine()) as session:
        if code:
            begun = begin_by_code(session, signing, code)
        else:
            begun = begin_session(session, signing, token)
        session.commit()
    return begun


def _onward(request: Request, kept: dict[str, str], token: str) -> Response:
    """On to where the reader wanted to go; a form that was kept is offered, as it may have been meant for then only."""
    path = own(kept["kept_path"])
    if path:
        pairs = parse_qsl(kept["kept"], keep_blank_values=True)
        request.state.caller = caller_of(request, token)
        return page_answer(request, "go-on.html", csrf=csrf_of(token), kept_path=path, pairs=pairs)
    return RedirectResponse(own(kept["back"]) or UI, 303)


def _form(request: Request, *, status: int = 200, **given: Any) -> Response:
    context = {"again": False, "code": "", "back": "", "kept": "", "kept_path": "", "wrong": "", **given}
    return page_answer(request, "sign-in.html", status=status, **context)
