"""Who calls: the user behind a token, if it counts."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from osmod.access.roles import LIMITS, ROLE_OF_GROUP, Permission, Role, may
from osmod.access.tokens import BadToken, Claims
from osmod.moderation.models import AccessToken, Group, User


@dataclass(frozen=True)
class Caller:
    """An active user, and what it may do with the token that it showed."""

    user_id: int
    group: Group
    role: Role
    name: str

    def may(self, permission: Permission) -> bool:
        """Whether it has a permission."""
        return may(self.role, permission)


def find_caller(session: Session, claims: Claims) -> Caller:
    """The user whom a token was given to.

    Raises:
      BadToken: there is no such user, or it is not active; its address is another than the token's; the token was not
        given out here, or revoked; or its user may not have its role any more.
    """
    user = session.get(User, claims.user_id)
    if user is None or not user.is_active:
        raise BadToken("its user is unknown or not active")
    if user.email and user.email != claims.email:
        raise BadToken("its address is not its user's")
    if claims.token_id is not None:
        _check_given_out(session, claims)
    elif claims.role is not None:
        raise BadToken("it has a role and no id")
    role = ROLE_OF_GROUP[user.group]
    if claims.role is not None:
        if claims.role not in LIMITS.get(role, ()):
            raise BadToken("its role is not one that its user may have")
        role = claims.role
    return Caller(user.id, user.group, role, user.name)


def _check_given_out(session: Session, claims: Claims) -> None:
    row = session.get(AccessToken, claims.token_id)
    if row is None or row.user_id != claims.user_id:
        raise BadToken("it was not given out here")
    if row.revoked_at is not None:
        raise BadToken("it was revoked")
