"""Counts requests by route, and how long their answers took."""

from __future__ import annotations

import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from osmod.metrics.tally import REQUESTS, TALLY, TOOK, WEB, taking
from osmod.web.places import Places

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Counted:
    """Counts by the route's path, never by that of the request: there may be any number of those.

    What takes time is the way to the first byte of an answer; streams go on for as long as they like.
    """

    def __init__(self, app: ASGIApp, places: Places) -> None:
        self._app = app
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._count(scope, str(message["status"]), time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, noted)

    def _count(self, scope: Scope, status: str, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "(other)"
        route = self._route(scope)
        TALLY.add(WEB, [((REQUESTS, method, route, status), 1), *taking(seconds, TOOK, method, route)])

    def _route(self, scope: Scope) -> str:
        path: Any = getattr(scope.get("route"), "path", None)
        if path is None:
            return "(none)"
        # A router does not know below which path it stands.
        return path if not self._places.is_api(scope["path"]) else f"{self._places.prefix}{path}"
