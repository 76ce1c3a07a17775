"""Links that sign somebody in once: a code that counts for some minutes, and is used up by the first who shows it.

A code has a row among the tokens, by whose id it is found: half of the code's SHA-256, so that whoever reads the
table cannot use it. No token has such an id.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from osmod.access.issued import add_row
from osmod.access.roles import ROLE_OF_GROUP, Role
from osmod.access.sessions import begin_for
from osmod.access.tokens import BadToken, Signing
from osmod.moderation.models import AccessToken, User, now

#: For how long a code counts.
LIFETIME = timedelta(minutes=10)
PURPOSE = "a sign-in link, good for once"
_BYTES = 24


def make_code(session: Session, user: User, role: Role | None = None) -> str:
    """A code by which a user signs in once.

    Parameters:
      role: to which the session is limited; None: whatever the user may.

    Raises:
      AccessError: the user is not active, gets no sessions, or may not have the role.
    """
    code = secrets.token_urlsafe(_BYTES)
    wanted = role or ROLE_OF_GROUP[user.group]
    add_row(session, user, _row_id(code), purpose=PURPOSE, role=wanted, lifetime=LIFETIME)
    return code


def address_of(server: str, code: str) -> str:
    """Where a browser uses a code.

    Parameters:
      server: such as `https://osmod.example.com`.
    """
    return f"{server.rstrip('/')}/ui/sign-in?code={code}"


def begin_by_code(session: Session, signing: Signing, code: str) -> tuple[AccessToken, str]:
    """A session for whoever shows a code first; return its row and its token. The code is used up.

    Raises:
      BadToken: there is no such code, it was used, revoked, or is over.
      AccessError: its user may have no session any more.
    """
    row_id = _row_id(code)
    moment = now()
    used = cast(
        CursorResult[Any],
        session.execute(
            update(AccessToken)
            .where(
                AccessToken.id == row_id, AccessToken.revoked_at.is_(None), AccessToken.expires_at > moment
            )
            .values(revoked_at=moment)
            .execution_options(synchronize_session=False)
        ),
    )
    if used.rowcount != 1:
        raise BadToken("its code was used, revoked, or is over")
    row = session.get_one(AccessToken, row_id, populate_existing=True)
    assert row.role is not None
    return begin_for(session, signing, session.get_one(User, row.user_id), Role(row.role))


def _row_id(code: str) -> str:
    return "link" + hashlib.sha256(code.encode(errors="replace")).hexdigest()[:32]
