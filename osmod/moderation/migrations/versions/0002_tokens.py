"""The tokens that we give out, and OSMod's configuration where a database is older than that."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MYSQLS = ("mysql", "mariadb")


def _options(charset: str) -> dict[str, str]:
    engines = {f"{name}_engine": "InnoDB" for name in _MYSQLS}
    return engines | {f"{name}_charset": charset for name in _MYSQLS}


def upgrade() -> None:
    """Create what is missing."""
    unsigned = sa.Integer().with_variant(mysql.INTEGER(unsigned=True), *_MYSQLS)
    json = sa.Text().with_variant(mysql.JSON(), *_MYSQLS)
    caseless = sa.CHAR(255).with_variant(sa.CHAR(255, collation="NOCASE"), "sqlite")
    op.create_table(
        "osmod_worker_tokens",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("user_id", unsigned, nullable=False),
        sa.Column("purpose", sa.String(255), nullable=False),
        sa.Column("role", sa.String(16), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
        if_not_exists=True,
        **_options("utf8mb4"),
    )
    op.create_table(
        "configuration_items",
        sa.Column("id", caseless, primary_key=True),
        sa.Column("data", json, nullable=False),
        sa.Column("createdAt", sa.DateTime(), nullable=False, server_default=sa.text("CURRENT_TIMESTAMP")),
        sa.Column("updatedAt", sa.DateTime(), nullable=False, server_default=sa.text("CURRENT_TIMESTAMP")),
        if_not_exists=True,
        **_options("utf8mb3"),
    )


def downgrade() -> None:
    """Drop ours: tokens that we gave out are refused from then on. OSMod's stays."""
    op.drop_table("osmod_worker_tokens", if_exists=True)
