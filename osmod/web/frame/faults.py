"""What a route raised that is no answer: translated if it is a known trouble, else logged and a 500."""

from __future__ import annotations

import asyncio
import logging

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from osmod.web.problems import Problem, answer, problem_of

#: Without a time to ask again: it may have been done.
STOPPED = "The server was stopped before it had an answer; what was asked may have been done or not: look."

_log = logging.getLogger(__name__)


class Faults:
    """Answers for everything that is raised inside."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except ClientDisconnect:
            _log.info("the client went away before its request was whole")
        except asyncio.CancelledError:
            # Told to stop for the second time: nothing is finished any more. uvicorn closes what has begun.
            if not begun:
                await answer(Request(scope, receive), Problem(503, STOPPED))(scope, receive, send)
        except Exception as error:
            problem = problem_of(error)
            if problem is None:
                _log.exception("%s %s failed", scope["method"], scope["path"])
                problem = Problem(500, "Something went wrong here; the server's log says what.")
            elif problem.status_code >= 500:
                _log.warning("%s", error)
            if begun:
                raise  # half an answer is cut off, so that nobody takes it for whole
            await answer(Request(scope, receive), problem)(scope, receive, send)
