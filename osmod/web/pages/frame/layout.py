"""A whole page for one reader: the layout, the ways to the other pages, light or dark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import HTMLResponse

from osmod.access.callers import Caller
from osmod.access.roles import Permission
from osmod.web.pages.frame.templates import for_reader, render

#: The cookie that keeps whether a reader wants it light or dark, and what was said last to one without JavaScript.
THEME, SAID = "osmod_theme", "osmod_said"
THEMES = ("light", "dark")
#: Seconds after which a page may load itself anew, for those without JavaScript.
SHORTEST_REFRESH, LONGEST_REFRESH = 5, 3_600


@dataclass(frozen=True)
class Way:
    """A way to a page, as the navigation has it."""

    title: str
    address: str
    needs: Permission | None


def ways_of(request: Request) -> Sequence[Way]:
    """Those that the reader may go; none for who has not signed in."""
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is None:
        return ()
    ways: Sequence[Way] = request.app.state.ways
    return [way for way in ways if way.needs is None or caller.may(way.needs)]


def page_answer(
    request: Request, template: str, *, status: int = 200, csrf: str | None = None, **context: Any
) -> HTMLResponse:
    """A template in the layout, as an answer.

    Parameters:
      csrf: the proof that forms carry, by default that of the reader's session.
    """
    theme = request.cookies.get(THEME, "")
    html = render(
        template,
        caller=getattr(request.state, "caller", None),
        ways=ways_of(request),
        path=request.url.path,
        address=_address(request),
        theme=theme if theme in THEMES else "",
        said=request.cookies.get(SAID, ""),
        refresh=_refresh(request),
        refresh_other=_refresh_other(request),
        is_get=request.method == "GET",
        **{"live_address": "", **context},
    )
    proof: str = getattr(request.state, "csrf", "") if csrf is None else csrf
    answer = HTMLResponse(for_reader(html, proof), status)
    if SAID in request.cookies:
        answer.delete_cookie(SAID, path="/ui")
    return answer


def _address(request: Request) -> str:
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def _refresh_other(request: Request) -> str:
    """The address of this page where it loads itself anew if it does not, and the other way round."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "refresh"]
    asked = kept if _refresh(request) else [*kept, ("refresh", "10")]
    return f"{request.url.path}?{urlencode(asked)}"


def _refresh(request: Request) -> int | None:
    """After how many seconds the page loads itself anew, as its address says (`?refresh=10`)."""
    text = request.query_params.get("refresh", "")
    if not text.isdecimal() or len(text) > 6:
        return None
    return min(LONGEST_REFRESH, max(SHORTEST_REFRESH, int(text)))
