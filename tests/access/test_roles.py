"""The table of who may what, as the documentation tells it."""

from __future__ import annotations

from typing import get_args

from osmod.access.roles import LIMITS, PERMISSIONS, ROLE_OF_GROUP, Permission, Role, may
from osmod.moderation.models import Group


def test_every_role_and_group_is_in_the_table() -> None:
    """None is forgotten."""
    assert set(Role) == set(PERMISSIONS)
    assert set(get_args(Group)) == set(ROLE_OF_GROUP)


def test_every_permission_is_somebodys() -> None:
    """None is nobody's."""
    assert set(Permission) == set().union(*PERMISSIONS.values())


def test_an_admin_may_all_but_answer_for_a_scorer() -> None:
    """OSMod refuses it, too."""
    assert [Permission.ANSWER_SCORES] == [one for one in Permission if not may(Role.ADMIN, one)]


def test_a_limit_gives_nobody_what_is_the_admins() -> None:
    """Only an admin's token may be an admin's; a person's and a scorer's never get more than they have."""
    assert [Role.ADMIN] == [role for role, limits in LIMITS.items() if Role.ADMIN in limits]
    for role in (Role.MODERATOR, Role.SCORER):
        assert all(PERMISSIONS[limit] <= PERMISSIONS[role] for limit in LIMITS[role])
