"""The inbox (jobs that took effect) and the outbox (jobs still owed)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

OPTIONS = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
}


def upgrade() -> None:
    """Create both, or what an interrupted run left out."""
    mysqls = ("mysql", "mariadb")
    unsigned = sa.Integer().with_variant(mysql.INTEGER(unsigned=True), *mysqls)
    json = sa.Text().with_variant(mysql.JSON(), *mysqls)
    op.create_table(
        "osmod_worker_inbox",
        sa.Column("message_id", sa.String(64), primary_key=True),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        if_not_exists=True,
        **OPTIONS,
    )
    op.create_table(
        "osmod_worker_outbox",
        sa.Column("id", unsigned, primary_key=True),
        sa.Column("message_id", sa.String(64), nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("arguments", json, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        if_not_exists=True,
        **OPTIONS,
    )
    _create_index("osmod_worker_inbox", "created_at", unique=False)
    _create_index("osmod_worker_outbox", "message_id", unique=True)


def downgrade() -> None:
    """Drop both. Jobs that were delivered again would take effect again."""
    op.drop_table("osmod_worker_outbox", if_exists=True)
    op.drop_table("osmod_worker_inbox", if_exists=True)


def _create_index(table: str, column: str, *, unique: bool) -> None:
    """MySQL has no CREATE INDEX IF NOT EXISTS."""
    name = f"{table}_{column}"
    if name not in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}:
        op.create_index(name, table, [column], unique=unique)
