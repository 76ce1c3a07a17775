"""A request of HTTP/1.1 says which host it is meant for, once (RFC 9112, 3.2)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from osmod.web.problems import Problem, answer


class OneHost:
    """Refuses a request without `Host`, or with several: a proxy in front may have taken another for the one meant."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["http_version"] == "1.1":
            hosts = sum(name == b"host" for name, _ in scope["headers"])
            if hosts != 1:
                problem = Problem(
                    400, f"HTTP/1.1 asks for one Host header, and there are {hosts}.", field="Host"
                )
                await answer(Request(scope, receive), problem)(scope, receive, send)
                return
        await self._app(scope, receive, send)
