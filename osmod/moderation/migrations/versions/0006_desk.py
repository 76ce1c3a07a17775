"""The moderators' desk: who is at which comment, what was done to it, and who changed which rule."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_MYSQLS = ("mysql", "mariadb")
_UNSIGNED = sa.Integer().with_variant(mysql.INTEGER(unsigned=True), *_MYSQLS)
_JSON = sa.Text().with_variant(mysql.JSON(), *_MYSQLS)
_OPTIONS = {f"{name}_engine": "InnoDB" for name in _MYSQLS} | {
    f"{name}_charset": "utf8mb4" for name in _MYSQLS
}
#: The column of each index, and whether it is unique.
_INDEXES = (
    ("osmod_worker_claims", "user_id", False),
    ("osmod_worker_acts", "form", True),
    ("osmod_worker_acts", "user_id", False),
    ("osmod_worker_rule_changes", "rule_id", False),
)


def upgrade() -> None:
    """Create all three, or what an interrupted run left out."""
    op.create_table(
        "osmod_worker_claims",
        sa.Column("comment_id", _UNSIGNED, primary_key=True, autoincrement=False),
        sa.Column("user_id", _UNSIGNED, nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=False),
        sa.Column("form", sa.String(36), nullable=True),
        if_not_exists=True,
        **_OPTIONS,
    )
    op.create_table(
        "osmod_worker_acts",
        sa.Column("id", _UNSIGNED, primary_key=True),
        sa.Column("form", sa.String(36), nullable=False),
        sa.Column("user_id", _UNSIGNED, nullable=False),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("detail", _JSON, nullable=False),
        sa.Column("comments", _JSON, nullable=False),
        sa.Column("undoes", sa.String(36), nullable=True),
        if_not_exists=True,
        **_OPTIONS,
    )
    op.create_table(
        "osmod_worker_rule_changes",
        sa.Column("id", _UNSIGNED, primary_key=True),
        sa.Column("rule_id", _UNSIGNED, nullable=False),
        sa.Column("user_id", _UNSIGNED, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("before", _JSON, nullable=True),
        sa.Column("after", _JSON, nullable=True),
        if_not_exists=True,
        **_OPTIONS,
    )
    for table, column, unique in _INDEXES:
        name = f"{table}_{column}"
        if name not in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}:
            op.create_index(name, table, [column], unique=unique)


def downgrade() -> None:
    """Drop all three. Two moderators may then work on the same comment, and nothing that was done can be taken back."""
    for table in ("osmod_worker_rule_changes", "osmod_worker_acts", "osmod_worker_claims"):
        op.drop_table(table)
