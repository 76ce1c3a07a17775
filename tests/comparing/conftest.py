"""The world that the comparison's tests start in."""

from tests.moderation.conftest import world  # noqa: F401
