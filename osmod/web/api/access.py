"""`/users`, `/tokens`: who may call, for admins; as `osmod users`, which alone rotates the secret."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from osmod.access import accounts, issued, tokens
from osmod.access.callers import Caller
from osmod.access.roles import ROLE_OF_GROUP, Permission, Role
from osmod.moderation.database import open_session
from osmod.moderation.models import AccessToken, Group, User
from osmod.moderation.score_data import UNSIGNED_MAX
from osmod.task import get_engine
from osmod.web.documented import ours
from osmod.web.guard import get_signing, needs

_log = logging.getLogger(__name__)

router = APIRouter(tags=["users and tokens"], responses=ours(400, 404, 409, 413))

Admin = Annotated[Caller, needs(Permission.MANAGE_ACCESS)]
Signing = Annotated[tokens.Signing, Depends(get_signing)]
Id = Annotated[int, Path(ge=1, le=UNSIGNED_MAX)]


class UserShown(BaseModel):
    """A user, and what a token of it allows unless it is limited."""

    id: int
    group: Group
    role: Role
    name: str
    email: str | None
    active: bool


class TokenShown(BaseModel):
    """A token that was given out. The token itself is shown when it is made, and never again."""

    id: str
    user: int
    role: Role | None
    purpose: str
    good: bool
    created: datetime
    expires: datetime | None
    revoked: datetime | None


class TokenMade(TokenShown):
    """A token that was just made."""

    token: str


class NewUser(BaseModel):
    """A user to be made. People (`general`, `admin`) have an address, programs (`service`) have none."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"group": "service", "name": "Website"}]}
    )

    group: Literal["general", "admin", "service"]
    name: str
    email: str | None = None


class NewToken(BaseModel):
    """A token to be made."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"purpose": "dashboard", "role": "viewer", "expires_in": 7776000}]},
    )

    purpose: str = ""
    role: Literal["viewer", "operator", "moderator", "service", "admin"] | None = None
    expires_in: int | None = Field(
        default=int(issued.LIFETIME.total_seconds()),
        ge=1,
        le=int(issued.LONGEST_LIFETIME.total_seconds()),
        description="Seconds for which it counts; null: until it is revoked.",
    )


class Users(BaseModel):
    """All users, by id."""

    users: list[UserShown]


class Tokens(BaseModel):
    """Tokens, the newest first."""

    tokens: list[TokenShown]


@router.get("/users")
def list_users(caller: Admin) -> Users:
    """Who there is, and what each may do."""
    with open_session(get_engine()) as session:
        return Users(users=[_user(user) for user in accounts.list_users(session)])


@router.post("/users", status_code=201)
def create_user(caller: Admin, wanted: NewUser) -> UserShown:
    """Make an active user."""
    with open_session(get_engine()) as session:
        user = accounts.create_user(session, group=wanted.group, name=wanted.name, email=wanted.email)
        session.commit()
    _log.info("user %d (%s) was made by user %d", user.id, user.group, caller.user_id)
    return _user(user)


@router.post("/users/{user_id}/disable")
def disable_user(caller: Admin, user_id: Id) -> UserShown:
    """Let a user in no more, with none of its tokens."""
    return _set_active(caller, user_id, active=False)


@router.post("/users/{user_id}/enable")
def enable_user(caller: Admin, user_id: Id) -> UserShown:
    """Let a user in again, with the tokens that still count."""
    return _set_active(caller, user_id, active=True)


@router.post("/users/{user_id}/tokens", status_code=201)
def make_token(caller: Admin, user_id: Id, wanted: NewToken, signing: Signing) -> TokenMade:
    """Make a token for a user."""
    lifetime = None if wanted.expires_in is None else timedelta(seconds=wanted.expires_in)
    with open_session(get_engine()) as session:
        row, token = issued.issue_token(
            session,
            signing,
            accounts.get_user(session, user_id),
            purpose=wanted.purpose,
            role=Role(wanted.role) if wanted.role else None,
            lifetime=lifetime,
        )
        session.commit()
    _log.info("token %s of user %d was made by user %d", row.id, user_id, caller.user_id)
    return TokenMade(token=token, **_token(row).model_dump())


@router.get("/tokens")
def list_tokens(
    caller: Admin,
    user: Annotated[int | None, Query(ge=1, le=UNSIGNED_MAX, description="Only this user's.")] = None,
) -> Tokens:
    """The tokens that were made here; those of OSMod's own server are not listed anywhere."""
    with open_session(get_engine()) as session:
        return Tokens(tokens=[_token(row) for row in issued.list_tokens(session, user)])


@router.delete("/tokens/{token_id}")
def revoke_token(caller: Admin, token_id: Annotated[str, Path(min_length=36, max_length=36)]) -> TokenShown:
    """Let a token in no more, from now on."""
    with open_session(get_engine()) as session:
        row = issued.revoke_token(session, token_id)
        session.commit()
    _log.info("token %s of user %d was revoked by user %d", row.id, row.user_id, caller.user_id)
    return _token(row)


def _set_active(caller: Caller, user_id: int, *, active: bool) -> UserShown:
    with open_session(get_engine()) as session:
        user = accounts.set_active(session, user_id, active)
        session.commit()
    _log.info("user %d was %s by user %d", user_id, "enabled" if active else "disabled", caller.user_id)
    return _user(user)


def _user(user: User) -> UserShown:
    role = ROLE_OF_GROUP[user.group]
    return UserShown(
        id=user.id, group=user.group, role=role, name=user.name, email=user.email, active=user.is_active
    )


def _token(row: AccessToken) -> TokenShown:
    return TokenShown(
        id=row.id,
        user=row.user_id,
        role=None if row.role is None else Role(row.role),
        purpose=row.purpose,
        good=issued.is_good(row),
        created=row.created_at,
        expires=row.expires_at,
        revoked=row.revoked_at,
    )
