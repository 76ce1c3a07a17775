"""A page: its address, who may see it, its fragments, and the acts whose forms stand on it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse, Response

from osmod.access.callers import Caller
from osmod.access.roles import Permission
from osmod.web.event_stream import EventStream
from osmod.web.pages.frame.fragments import RENDERINGS, Fragment, Look, Rendered
from osmod.web.pages.frame.layout import SAID, Way, page_answer
from osmod.web.pages.frame.live import Live
from osmod.web.pages.frame.returning import ask, is_to_ask, whence
from osmod.web.pages.frame.session import page_needs
from osmod.web.pages.frame.templates import for_reader, render
from osmod.web.pages.frame.topics import Topic
from osmod.web.pages.frame.view import Act, Done, View, path_params
from osmod.web.places import PAGES
from osmod.web.problems import Problem

#: Below which all pages lie, and below which their streams do.
UI, LIVE = PAGES, f"{PAGES}/live"


class Page:
    """A page at `/ui` and `path`, rendered by `NAME.html`.

    Parameters:
      name: of its template, and how those of its fragments begin.
      path: below `/ui`, as FastAPI writes it: `/jobs/{job_id}`.
      title: as the navigation has it.
      needs: who may see it.
      in_navigation: whether the navigation leads to it.
    """

    def __init__(
        self, name: str, path: str, title: str, needs: Permission, *, in_navigation: bool = True
    ) -> None:
        self.name, self.title, self.needs = name, title, needs
        self.router = APIRouter(include_in_schema=False)
        self.fragments: dict[str, Fragment] = {}
        self.way = Way(title, UI + path, needs) if in_navigation else None
        self._look: Look = lambda _view: {}
        asked = page_needs(needs)

        def show(request: Request, caller: Caller = asked) -> Response:
            return self._show(request, caller)

        async def stream(request: Request, caller: Caller = asked) -> EventStream:
            live: Live = request.state.live
            return await live.stream(request, caller, self._parts(request, caller))

        self.router.add_api_route(UI + path, show, methods=["GET"], name=name)
        self.router.add_api_route(LIVE + path, stream, methods=["GET"], name=f"{name} live")

    def look(self, look: Look) -> Look:
        """Decorate what finds all that the page shows outside its fragments. What it raises becomes the answer:
        a `Problem(404, …)` where the page is about something that is not there."""
        self._look = look
        return look

    def fragment(self, name: str, *topics: Topic, personal: bool = False) -> Callable[[Look], Look]:
        """Decorate what finds the contents of a fragment, which `PAGE_NAME.html` renders.

        Parameters:
          topics: when it is to be shown anew.
          personal: whether it depends on who looks, and not on the role alone.
        """

        def declare(look: Look) -> Look:
            template = f"{self.name}_{name}.html"
            self.fragments[name] = Fragment(self.name, name, template, look, frozenset(topics), personal)
            return look

        return declare

    def act(self, path: str, needs: Permission) -> Callable[[Callable[[Act], Done]], Callable[[Act], Done]]:
        """Decorate what a form sent to `/ui` and `path` does. What it raises is said to the reader."""

        def declare(do: Callable[[Act], Done]) -> Callable[[Act], Done]:
            asked = page_needs(needs)

            async def sent(request: Request, caller: Caller = asked) -> Response:
                if is_to_ask(request):
                    return ask(request)
                act = Act(caller, path_params(request), request.state.fields)
                done = await run_in_threadpool(do, act)
                return _said(request, done)

            self.router.add_api_route(UI + path, sent, methods=["POST"], name=do.__name__)
            return do

        return declare

    def _show(self, request: Request, caller: Caller) -> Response:
        view = view_of(request, caller)
        context = self._look(view)

        def live(name: str, kind: str = "") -> Markup:
            fragment = self.fragments[name]
            rendered = fragment.rendered(fragment.view_of(view, caller))
            return _element(name, kind, rendered)

        query = f"?{request.url.query}" if request.url.query else ""
        stream = LIVE + quote(request.url.path.removeprefix(UI)) + query
        return page_answer(
            request,
            f"{self.name}.html",
            **{"title": self.title, "view": view, "live": live, **context},
            live_address=stream if self.fragments else "",
        )

    def _parts(self, request: Request, caller: Caller) -> list[tuple[Fragment, View]]:
        view = view_of(request, caller)
        return [(one, one.view_of(view, caller)) for one in self.fragments.values()]


def view_of(request: Request, caller: Caller) -> View:
    """What a page depends on; what the frame itself takes from the address is left out."""
    query = request.query_params
    kept = [(name, value) for name, value in query.multi_items() if name not in ("refresh", "have")]
    return View(caller.role, path_params(request), type(query)(kept))


def _element(name: str, kind: str, rendered: Rendered) -> Markup:
    """The element of a fragment. It stays where it is; only what is in it is changed."""
    return Markup('<section id="{}" class="live {}" data-version="{}">{}</section>').format(
        name, kind, rendered.version, Markup(rendered.html)
    )


def _said(request: Request, done: Done) -> Response:
    """What is answered to an act that was done."""
    topics = frozenset(done.topics)
    RENDERINGS.forget()
    live: Live = request.state.live
    live.tell(topics)
    if request.headers.get("HX-Request"):
        if done.back:
            answer: Response = Response(headers={"HX-Redirect": done.back})
            _keep(answer, done.sentence)
            return answer
        html = render("_said.html", said=done.sentence, problem=None)
        return HTMLResponse(for_reader(html, request.state.csrf))
    answer = RedirectResponse(done.back or whence(request), 303)
    _keep(answer, done.sentence)
    return answer


def _keep(answer: Response, sentence: str) -> None:
    """Have the next page say it, if there is anything to say."""
    if not sentence:
        return
    answer.set_cookie(SAID, quote(sentence), max_age=60, path=UI, httponly=True, samesite="lax")


class NotHere(Problem):
    """Of something that a page is about and that is not there.

    Parameters:
      sentence: what may have happened.
      onward: a way that leads on: its words and its address.
    """

    def __init__(self, sentence: str, onward: tuple[str, str]) -> None:
        super().__init__(404, sentence)
        self.onward = onward
