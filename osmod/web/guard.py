"""Who may: every route says so, by `needs(…)`, `signed_in` or `open_to_all`; one that says nothing fails a test."""

from __future__ import annotations

import logging
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from starlette.requests import HTTPConnection

from osmod.access.callers import Caller, find_caller
from osmod.access.roles import Permission
from osmod.access.secret import Keyring
from osmod.access.tokens import BadToken, Signing, read_token
from osmod.moderation.database import open_session
from osmod.task import get_engine
from osmod.web.failures import WINDOW, Failures
from osmod.web.places import Places
from osmod.web.problems import Problem, unauthorized

_log = logging.getLogger(__name__)
_bearer = HTTPBearer(auto_error=False, description="A token made by `osmod users token`.")


def signed_in(request: Request) -> Caller:
    """Whoever shows a token that counts.

    Raises:
      Problem: 401, or 429 where there were too many.
    """
    places: Places = request.app.state.places
    token = _shown(request, bearer=places.is_own(request.url.path))
    if token is None:
        raise unauthorized()
    try:
        request.state.caller = caller = caller_of(request, token)
    except BadToken as error:
        _log.info("a token was refused: %s", error)
        raise refusal(request) from None
    return caller


def open_to_all() -> None:
    """Everybody, without a token."""


def needs(permission: Permission, *, refusal: str | None = None) -> Any:
    """The dependency by which a route asks for a permission; its value is the `Caller`.

    Parameters:
      refusal: what those read who lack it; by default it names the permission.
    """
    return Depends(Needs(permission, refusal))


class Needs:
    """The check itself; it can be asked what it asks for."""

    def __init__(self, permission: Permission, refusal: str | None = None) -> None:
        self.permission = permission
        self._refusal = refusal

    def __call__(
        self, caller: Annotated[Caller, Depends(signed_in)], _scheme: Annotated[Any, Depends(_bearer)]
    ) -> Caller:
        """The caller, if it may.

        Raises:
          Problem: 401, 403.
        """
        if not caller.may(self.permission):
            detail = (
                self._refusal or f"This token's role, {caller.role}, does not allow to {self.permission}."
            )
            raise Problem(403, detail, permission=self.permission)
        return caller


def get_signing(request: Request) -> Signing:
    """How tokens are signed now."""
    keyring: Keyring = request.app.state.keyring
    return keyring.signing()


def caller_of(request: Request, token: str) -> Caller:
    """Whom a token was given to.

    Raises:
      BadToken: it does not count.
    """
    claims = read_token(token, get_signing(request))
    with open_session(get_engine()) as session:
        return find_caller(session, claims)


def refusal(request: Request) -> Problem:
    """What is answered to a token that does not count: 401, or 429 where there were too many."""
    failures: Failures = request.app.state.failures
    if request.client is not None and failures.too_many(request.client.host):
        detail = "Too many tokens that do not count came from this address."
        return Problem(429, detail, headers={"Retry-After": str(WINDOW)})
    return unauthorized()


def _shown(request: HTTPConnection, *, bearer: bool) -> str | None:
    """The token of a request: in its header, else in its query.

    Parameters:
      bearer: whether the scheme `Bearer` is taken beside OSMod's `JWT`.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if token and scheme.lower() in (("jwt", "bearer") if bearer else ("jwt",)):
        return token.strip()
    return request.query_params.get("token")
