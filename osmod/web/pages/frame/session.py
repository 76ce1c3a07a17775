"""Who looks at a page: a cookie holds a token of ours, made when somebody signed in."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from fastapi import Depends, Request
from starlette.responses import Response

from osmod.access.callers import Caller
from osmod.access.roles import Permission
from osmod.access.tokens import BadToken
from osmod.web.guard import Needs, caller_of
from osmod.web.problems import Problem, unauthorized

#: The field of every form in which the session shows that the form is its own.
CSRF = "csrf"
#: The header in which htmx sends the same.
CSRF_HEADER = "X-CSRF-Token"
#: Fields that a form may have.
FIELDS = 20_000


def cookie_name(request: Request) -> str:
    """The cookie's name: under TLS one that no other site of the domain can set."""
    return "__Host-osmod" if request.url.scheme == "https" else "osmod"


def keep(request: Request, response: Response, token: str, seconds: int) -> None:
    """Have the browser keep a session."""
    _set(request, response, token, seconds)


def forget(request: Request, response: Response) -> None:
    """Have the browser forget it."""
    _set(request, response, "", 0)


def shown(request: Request) -> str | None:
    """The token of the request's session."""
    return request.cookies.get(cookie_name(request))


async def posted(request: Request) -> dict[str, list[str]]:
    """The fields of a form. Read before anything is asked, so that whoever has to sign in first loses nothing.

    Raises:
      Problem: 400, 415.
    """
    if request.method != "POST":
        return {}
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip()
    body = await request.body()
    if body and kind != "application/x-www-form-urlencoded":
        raise Problem(415, "Pages take what a form sends: application/x-www-form-urlencoded.")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS, errors="strict")
    except ValueError:
        raise Problem(400, "The form cannot be read: it is no text, or has too many fields.") from None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    request.state.fields = fields
    return fields


def in_session(request: Request, _fields: Annotated[Any, Depends(posted)]) -> Caller:
    """Whoever has signed in.

    Raises:
      Problem: 401; 403 where a form comes from elsewhere.
    """
    from_here(request)
    token = shown(request)
    if not token:
        raise unauthorized()
    try:
        request.state.caller = caller = caller_of(request, token)
    except BadToken:
        raise unauthorized() from None
    request.state.csrf = csrf_of(token)
    if request.method == "POST":
        _own_form(request)
    return caller


def from_here(request: Request) -> None:
    """Let forms pass that one of our pages sent, as the browser says.

    Raises:
      Problem: 403, another site did, or nothing says which.
    """
    if request.method != "POST":
        return
    site = request.headers.get("Sec-Fetch-Site")
    host = split_address(request.headers.get("Origin", "")).netloc
    if site in ("same-origin", "none") if site else host and host == request.headers.get("Host"):
        return
    raise Problem(
        403, "The form was sent by another site, so nothing was done: open the page here, and send it."
    )


def split_address(text: str) -> SplitResult:
    """The parts of an address; all are empty where it is none."""
    try:
        return urlsplit(text)
    except ValueError:
        return SplitResult("", "", "", "", "")


def csrf_of(token: str) -> str:
    """What the forms of a session show. Only who has the token, which scripts cannot read, can make it."""
    return hashlib.sha256(b"csrf:" + token.encode()).hexdigest()[:32]


def page_needs(permission: Permission | None) -> Any:
    """The dependency by which a page or an act asks for a permission, or for a session alone; its value: the caller."""
    return Depends(in_session) if permission is None else Depends(PageNeeds(permission))


class PageNeeds(Needs):
    """Asks whoever has signed in for a permission."""

    def __call__(self, caller: Annotated[Caller, Depends(in_session)]) -> Caller:  # type: ignore[override]
        """The caller, if it may.

        Raises:
          Problem: 401, 403.
        """
        return super().__call__(caller, None)


def _own_form(request: Request) -> None:
    fields: dict[str, list[str]] = request.state.fields
    said = request.headers.get(CSRF_HEADER) or next(iter(fields.get(CSRF, ())), "")
    if said != request.state.csrf:
        raise unauthorized()  # of another session, as when one signed in again meanwhile: it is offered once more


def _set(request: Request, response: Response, value: str, seconds: int) -> None:
    response.set_cookie(
        cookie_name(request),
        value,
        max_age=seconds,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
