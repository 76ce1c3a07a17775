"""Sessions of people in a browser: each is a token of ours for some hours, listed and revoked like any other."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from osmod.access.callers import find_caller
from osmod.access.issued import issue_token
from osmod.access.roles import Role
from osmod.access.tokens import Signing, read_token
from osmod.moderation.models import AccessToken, User, now

#: For how long a session lasts at most.
LIFETIME = timedelta(hours=12)
PURPOSE = "a session in a browser"


def begin_session(session: Session, signing: Signing, shown: str) -> tuple[AccessToken, str]:
    """A session for whoever shows a token that counts; return its row and its own token.

    It has the role of the token that was shown, and does not outlive it.

    Raises:
      BadToken: the token does not count.
      AccessError: its user may have no session.
    """
    claims = read_token(shown, signing)
    caller = find_caller(session, claims)
    of_shown = session.get(AccessToken, claims.token_id) if claims.token_id else None
    lifetime = LIFETIME
    if of_shown is not None and of_shown.expires_at is not None:
        lifetime = min(LIFETIME, max(timedelta(seconds=1), of_shown.expires_at - now()))
    return begin_for(session, signing, session.get_one(User, caller.user_id), caller.role, lifetime)


def begin_for(
    session: Session, signing: Signing, user: User, role: Role, lifetime: timedelta = LIFETIME
) -> tuple[AccessToken, str]:
    """A session for a user, limited to a role; OSMod's own server does not take it for a token.

    Raises:
      AccessError: the user is not active, or may not have the role.
    """
    return issue_token(session, signing, user, purpose=PURPOSE, role=role, lifetime=lifetime)
