"""Headers that keep browsers from doing what no answer here is for."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from osmod.web.places import Places, is_page

#: What OSMod's own server sends with each answer.
OSMOD = {
    "X-DNS-Prefetch-Control": "off",
    "Expect-CT": "max-age=0",
    "X-Frame-Options": "SAMEORIGIN",
    "Strict-Transport-Security": "max-age=15552000; includeSubDomains",
    "X-Download-Options": "noopen",
    "X-Content-Type-Options": "nosniff",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Referrer-Policy": "no-referrer",
    "X-XSS-Protection": "0",
}
#: With ours: nothing is shown in a frame, run, or kept.
OWN = {
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
#: With those of pages: styles, scripts and whatever else comes from here, and nothing stands within a page that acts.
PAGE = {
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    # To no other site; our own forms are known by it, and lead back to where they stand.
    "Referrer-Policy": "same-origin",
}


class SecurityHeaders:
    """Adds OSMod's headers to its own answers, stricter ones to ours and to pages; what a route has set stays."""

    def __init__(self, app: ASGIApp, places: Places) -> None:
        self._app = app
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        wanted = OSMOD | self._beside(scope["path"])

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in wanted.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, guarded)

    def _beside(self, path: str) -> dict[str, str]:
        if is_page(path):
            return PAGE
        return OWN if self._places.is_own(path) else {}
