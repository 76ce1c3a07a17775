"""Tokens that are over are forgotten. Workers do it, which have nothing to read tokens with."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from osmod.moderation.database import delete_before
from osmod.moderation.models import AccessToken, now

#: For how long a token that is over is still listed.
KEPT = timedelta(days=30)


def prune_tokens(session: Session, limit: int) -> int:
    """Delete at most `limit` rows of tokens that have been over for `KEPT`, oldest first; return how many."""
    return delete_before(session, AccessToken.id, AccessToken.expires_at, now() - KEPT, limit)
