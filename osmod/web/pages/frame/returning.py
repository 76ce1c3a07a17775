"""Forms that are sent a second time, from a page that keeps them: what they held, and the page that they stood on."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from osmod.web.pages.frame.layout import page_answer
from osmod.web.pages.frame.session import CSRF, split_address
from osmod.web.places import PAGES, is_page

#: The fields of the sentence that has to be said yes to, and of the page that a form stood on first.
ASK, WHENCE = "ask", "whence"


def fields_of(request: Request) -> list[tuple[str, str]]:
    """What a form held, with the page that it stands on; without its proof, which may be of another session."""
    held = _held(request).items()
    kept = [(name, value) for name, values in held if name not in (CSRF, WHENCE) for value in values]
    return [*kept, (WHENCE, whence(request))]


def is_to_ask(request: Request) -> bool:
    """Whether a form has to be said yes to first: where scripts run, they have asked."""
    return not request.headers.get("HX-Request") and bool(request.state.fields.get(ASK))


def ask(request: Request) -> Response:
    """A page that asks, and sends the form if the answer is yes."""
    pairs = [(name, value) for name, value in fields_of(request) if name != ASK]
    sentence = request.state.fields[ASK][0]
    return page_answer(request, "ask.html", ask=sentence, pairs=pairs, whence=whence(request))


def whence(request: Request) -> str:
    """The page that a form stands on, or stood on first."""
    given = next(iter(_held(request).get(WHENCE, ())), "")
    return own(given) or own(_referer(request)) or PAGES


def own(path: str) -> str:
    """An address if it is one of our pages, else nothing."""
    return path if is_page(path.partition("?")[0]) and "\\" not in path else ""


def _held(request: Request) -> dict[str, list[str]]:
    """The fields of a form; none where they were not read."""
    return getattr(request.state, "fields", {})


def _referer(request: Request) -> str:
    parts = split_address(request.headers.get("Referer", ""))
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
