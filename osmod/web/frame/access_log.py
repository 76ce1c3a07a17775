"""A line for each request, without its query: tokens may stand there."""

from __future__ import annotations

import logging
import time
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger(__name__)

#: Asked every few seconds by machines: logged at DEBUG.
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})


class AccessLog:
    """Logs method, path, status, milliseconds, the address of the client, and the user if one was found."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            _write(scope, status, (time.monotonic() - began) * 1000)


def _write(scope: Scope, status: int, milliseconds: float) -> None:
    path = quote(scope["path"])
    fields = {
        "method": scope["method"],
        "path": path,
        "status": status,
        "milliseconds": round(milliseconds, 1),
    }
    if scope.get("client"):
        fields["client"] = scope["client"][0]
    if caller := scope.get("state", {}).get("caller"):
        fields |= {"user": caller.user_id, "role": caller.role}
    level = logging.DEBUG if scope["path"] in QUIET and status < 400 else logging.INFO
    said = status or "no answer"
    _log.log(level, "%s %s %s in %.1f ms", scope["method"], path, said, milliseconds, extra=fields)
