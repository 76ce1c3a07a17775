"""Why an account or a token cannot be made, changed or read. Each message says what to do."""

from __future__ import annotations


class AccessError(Exception):
    """What was asked of users and tokens cannot be done; nothing was changed."""


class SecretUnusable(Exception):
    """OSMod's row in `configuration_items` holds no secret, so that no token can be made or read."""


class NoSuchUser(AccessError):
    """No user has this id or address."""


class NoSuchToken(AccessError):
    """No token that was given out begins like this, or several do."""
