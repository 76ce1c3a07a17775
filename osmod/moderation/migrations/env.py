"""Run by Alembic for every command. The connection comes from `osmod.moderation.migrations`."""

from __future__ import annotations

from typing import Any

from alembic import context

from osmod.moderation.database import connect
from osmod.moderation.migrations import VERSION_TABLE
from osmod.moderation.models import OWN_TABLES, Base
from osmod.settings import get_settings


def only_ours(name: str | None, kind: str, parents: Any) -> bool:
    """OSMod's tables are not for us to compare or to change."""
    return kind != "table" or name in OWN_TABLES


def run(connection: Any) -> None:
    """Run the migrations on `connection`."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        version_table=VERSION_TABLE,
        include_name=only_ours,
        include_object=lambda thing, name, kind, reflected, other: only_ours(name, kind, None),
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:  # the `alembic` command, with which a new revision is written
    with connect(get_settings().database_url).begin() as opened:
        run(opened)
