"""Which comment a publisher's id means: a table of ours, with every comment that is there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from osmod.moderation.sources import remember_all

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MYSQLS = ("mysql", "mariadb")


def upgrade() -> None:
    """Create it and fill it; some seconds for a million comments."""
    exact = sa.String(255).with_variant(sa.String(255, collation="utf8mb4_bin"), *_MYSQLS)
    unsigned = sa.Integer().with_variant(mysql.INTEGER(unsigned=True), *_MYSQLS)
    options = {f"{name}_engine": "InnoDB" for name in _MYSQLS}
    options |= {f"{name}_charset": "utf8mb4" for name in _MYSQLS}
    op.create_table(
        "osmod_worker_sources",
        sa.Column("source_id", exact, primary_key=True),
        sa.Column("comment_id", unsigned, nullable=False),
        if_not_exists=True,
        **options,
    )
    remember_all(op.get_bind())


def downgrade() -> None:
    """Drop it; OSMod's own column has the same ids."""
    op.drop_table("osmod_worker_sources", if_exists=True)
