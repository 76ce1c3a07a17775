"""Comments for which a scorer gave no scores: which scorer, why, and when it may be asked again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MYSQLS = ("mysql", "mariadb")


def upgrade() -> None:
    """Create it."""
    unsigned = sa.Integer().with_variant(mysql.INTEGER(unsigned=True), *_MYSQLS)
    options = {f"{name}_engine": "InnoDB" for name in _MYSQLS}
    options |= {f"{name}_charset": "utf8mb4" for name in _MYSQLS}
    op.create_table(
        "osmod_worker_unscored",
        sa.Column("comment_id", unsigned, primary_key=True, autoincrement=False),
        sa.Column("scorer_id", unsigned, primary_key=True, autoincrement=False),
        sa.Column("reason", sa.String(1_000), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("times", unsigned, nullable=False),
        sa.Column("again_at", sa.DateTime(), nullable=True),
        if_not_exists=True,
        **options,
    )


def downgrade() -> None:
    """Drop it. Comments that were given up are asked about again every ten minutes."""
    op.drop_table("osmod_worker_unscored", if_exists=True)
