"""What each role may do, and which role OSMod's groups of users have. Nothing else says who may."""

from __future__ import annotations

from enum import StrEnum

from osmod.moderation.models import Group


class Permission(StrEnum):
    """What a caller may be allowed."""

    SEE_JOBS = "see jobs"
    STEER_JOBS = "steer jobs"
    SEE_COMMENTS = "see comments"
    MODERATE = "moderate comments"
    INGEST = "ingest comments"
    RUN_TASKS = "run tasks"
    ANSWER_SCORES = "answer score requests"
    MANAGE_ACCESS = "manage users and tokens"


class Role(StrEnum):
    """What a caller is."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    MODERATOR = "moderator"
    SERVICE = "service"
    ADMIN = "admin"
    #: A user of OSMod's group `moderator`: a program that scores comments.
    SCORER = "scorer"
    #: An account that does nothing here, as those by which OSMod reads comments from YouTube.
    NOBODY = "nobody"


_VIEWER = frozenset({Permission.SEE_JOBS})
_MODERATOR = frozenset({Permission.SEE_COMMENTS, Permission.MODERATE})

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEWER,
    Role.OPERATOR: _VIEWER | {Permission.STEER_JOBS},
    Role.MODERATOR: _MODERATOR,
    Role.SERVICE: _MODERATOR | {Permission.INGEST, Permission.RUN_TASKS, Permission.ANSWER_SCORES},
    # All but to answer in the name of a scorer, which OSMod refuses admins, too.
    Role.ADMIN: frozenset(Permission) - {Permission.ANSWER_SCORES},
    Role.SCORER: frozenset({Permission.ANSWER_SCORES}),
    Role.NOBODY: frozenset(),
}

ROLE_OF_GROUP: dict[Group, Role] = {
    "general": Role.MODERATOR,
    "admin": Role.ADMIN,
    "service": Role.SERVICE,
    "moderator": Role.SCORER,
    "youtube": Role.NOBODY,
}

#: To which roles a token may be limited, by the role of its user. Watching and steering jobs is what programs do for
#: operators, so a service's token may be for that instead.
LIMITS: dict[Role, tuple[Role, ...]] = {
    Role.ADMIN: (Role.VIEWER, Role.OPERATOR, Role.MODERATOR, Role.SERVICE, Role.ADMIN),
    Role.SERVICE: (Role.VIEWER, Role.OPERATOR, Role.MODERATOR, Role.SERVICE),
    Role.MODERATOR: (Role.MODERATOR,),
    Role.SCORER: (Role.SCORER,),
}


def may(role: Role, permission: Permission) -> bool:
    """Whether a role has a permission."""
    return permission in PERMISSIONS[role]
