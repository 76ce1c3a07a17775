"""The users of `docs/operations.md`, as it writes them down."""

from __future__ import annotations

import re
from pathlib import Path

import redis

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
_LINE = re.compile(r"^ACL SETUSER osmod-(\w+) on >password (.+)$", re.MULTILINE)
PASSWORD = "password"


def users() -> dict[str, list[str]]:
    """What ACL SETUSER is told of each user, by role."""
    return {role: rules.split() for role, rules in _LINE.findall(PAGE.read_text())}


def granted(role: str) -> set[str]:
    """The commands that a role is given."""
    return {rule[1:] for rule in users()[role] if rule.startswith("+")}


def make_user(server: redis.Redis, role: str, *further: str) -> str:
    """Give a server the user of a role as the page says, and `further` rules. Returns its name and password."""
    name = f"osmod-{role}"
    server.execute_command("ACL", "SETUSER", name, "reset", "on", f">{PASSWORD}", *users()[role], *further)
    if "client|setinfo" not in further and _knows_setinfo(server):
        # As the page says of newer servers.
        server.execute_command("ACL", "SETUSER", name, "+client|setinfo")
    return f"{name}:{PASSWORD}"


def _knows_setinfo(server: redis.Redis) -> bool:
    try:
        server.execute_command("ACL", "SETUSER", "try-setinfo", "+client|setinfo")
    except redis.ResponseError:
        return False
    finally:
        server.execute_command("ACL", "DELUSER", "try-setinfo")
    return True
