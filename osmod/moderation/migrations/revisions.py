"""The revisions in `versions/`, run by Alembic."""

from __future__ import annotations

import logging
from pathlib import Path

from sqlalchemy import Connection

logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)  # it tells of each part that it loads

from alembic import command  # noqa: E402
from alembic.config import Config  # noqa: E402
from alembic.script import ScriptDirectory  # noqa: E402


def run(connection: Connection) -> None:
    """Run those that the database has not had yet."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def head() -> str | None:
    """The newest."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def is_known(revision: str) -> bool:
    """Whether it is one of ours."""
    return any(one.revision == revision for one in ScriptDirectory.from_config(_config()).walk_revisions())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
