"""Tokens that are over are forgotten. Workers do it, which have nothing to read tokens with."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from osmod.moderation.models import AccessToken, now

#: For how long a token that is over is still listed.
KEPT = timedelta(days=30)


def prune_tokens(session: Session, limit: int) -> int:
    """Delete at most `limit` rows of tokens that have been over for `KEPT`, oldest first; return how many."""
    over = select(AccessToken.id).where(AccessToken.expires_at < now() - KEPT)
    ids = session.scalars(over.order_by(AccessToken.expires_at).limit(limit)).all()
    session.execute(
        delete(AccessToken).where(AccessToken.id.in_(ids)).execution_options(synchronize_session=False)
    )
    return len(ids)
