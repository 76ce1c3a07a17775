"""Decisions on their way to publishers, each attempt to deliver one, and how the publishers are doing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MYSQLS = ("mysql", "mariadb")
_UNSIGNED = sa.Integer().with_variant(mysql.INTEGER(unsigned=True), *_MYSQLS)
_JSON = sa.Text().with_variant(mysql.JSON(), *_MYSQLS)
_OPTIONS = {f"{name}_engine": "InnoDB" for name in _MYSQLS} | {
    f"{name}_charset": "utf8mb4" for name in _MYSQLS
}
#: By table: the columns of each index, and whether it is unique.
_INDEXES = {
    "osmod_worker_deliveries": [
        (["message_id"], True),
        (["comment_id"], False),
        (["state", "next_attempt_at"], False),
        (["owner_id", "state", "settled_at"], False),
        (["settled_at"], False),
    ],
    "osmod_worker_delivery_attempts": [(["delivery_id"], False)],
}


def upgrade() -> None:
    """Create all three, or what an interrupted run left out."""
    op.create_table(
        "osmod_worker_deliveries",
        sa.Column("id", _UNSIGNED, primary_key=True),
        sa.Column("message_id", sa.String(64), nullable=False),
        *(sa.Column(f"{name}_id", _UNSIGNED, nullable=False) for name in ("comment", "decision", "owner")),
        sa.Column("sequence", _UNSIGNED, nullable=False),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("data", _JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("failures", _UNSIGNED, nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(), nullable=False),
        sa.Column("give_up_at", sa.DateTime(), nullable=True),
        sa.Column("claim", sa.String(36), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("settled_at", sa.DateTime(), nullable=True),
        if_not_exists=True,
        sqlite_autoincrement=True,
        **_OPTIONS,
    )
    op.create_table(
        "osmod_worker_delivery_attempts",
        sa.Column("id", _UNSIGNED, primary_key=True),
        sa.Column("delivery_id", _UNSIGNED, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("milliseconds", _UNSIGNED, nullable=False),
        sa.Column("status", _UNSIGNED, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        if_not_exists=True,
        **_OPTIONS,
    )
    op.create_table(
        "osmod_worker_publishers",
        sa.Column("owner_id", _UNSIGNED, primary_key=True, autoincrement=False),
        sa.Column("disabled_at", sa.DateTime(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("failures", _UNSIGNED, nullable=False),
        sa.Column("paused_until", sa.DateTime(), nullable=True),
        if_not_exists=True,
        **_OPTIONS,
    )
    for table, indexes in _INDEXES.items():
        # MySQL has no CREATE INDEX IF NOT EXISTS.
        there = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}
        for columns, unique in indexes:
            if (name := f"{table}_{'_'.join(columns)}") not in there:
                op.create_index(name, table, columns, unique=unique)


def downgrade() -> None:
    """Drop all three: publishers never hear of the decisions that wait."""
    for table in (*_INDEXES, "osmod_worker_publishers"):
        op.drop_table(table, if_exists=True)
