"""What a reader sees when something is wrong: a page that says what to do, or a sentence on the page that is open."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from osmod.web.pages.frame.layout import page_answer
from osmod.web.pages.frame.returning import ASK, fields_of
from osmod.web.pages.frame.session import CSRF, split_address
from osmod.web.pages.frame.templates import for_reader, render
from osmod.web.problems import Problem


def problem_page(request: Request, problem: Problem) -> Response:
    """The answer to a problem below `/ui`."""
    if _is_within(request):
        answer = _within(request, problem)
    elif problem.status_code == 401:
        answer = page_answer(request, "sign-in.html", status=401, again=True, **sign_in_context(request))
    else:
        again = _again(request) if problem.status_code == 503 else []
        answer = page_answer(
            request, "_problem.html", status=problem.status_code, problem=problem, again=again
        )
    # `WWW-Authenticate` is for programs: a browser would ask for a password.
    answer.headers.update(
        {name: value for name, value in (problem.headers or {}).items() if name == "Retry-After"}
    )
    return answer


def sign_in_context(request: Request) -> dict[str, str]:
    """What the form to sign in keeps of a request: where to go on, and the form that was sent, if one was."""
    if request.method != "POST":
        # Where htmx asks, the page that is open is meant.
        here = (
            split_address(request.headers.get("HX-Current-URL", "")) if _is_within(request) else request.url
        )
        back = f"{here.path}?{here.query}" if here.query else here.path
        return {"back": back, "kept": "", "kept_path": "", "code": "", "wrong": ""}
    kept = urlencode(fields_of(request))
    return {"back": "", "kept": kept, "kept_path": request.url.path, "code": "", "wrong": ""}


def _again(request: Request) -> list[tuple[str, str]]:
    """The fields of a form that could not be taken, so that it can be sent once more; none of a page."""
    if request.method != "POST":
        return []
    fields: dict[str, list[str]] = getattr(request.state, "fields", {})
    proof = [(CSRF, value) for value in fields.get(CSRF, ())]
    return [*proof, *((name, value) for name, value in fields_of(request) if name != ASK)]


def _is_within(request: Request) -> bool:
    return bool(request.headers.get("HX-Request"))


def _within(request: Request, problem: Problem) -> HTMLResponse:
    """For htmx: on the page that is open, which stays as it is."""
    if problem.status_code == 401:
        html = render("_sign-in-again.html", again=True, **sign_in_context(request))
        return HTMLResponse(html, 401, {"HX-Retarget": "#dialog", "HX-Reswap": "innerHTML"})
    html = for_reader(render("_said.html", said="", problem=problem), getattr(request.state, "csrf", ""))
    headers = {"HX-Retarget": "#said", "HX-Reswap": "innerHTML"}
    return HTMLResponse(html, problem.status_code, headers)
