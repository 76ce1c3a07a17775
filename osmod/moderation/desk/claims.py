"""Who is at which comment, so that two moderators never work on the same one unknowingly.

Whoever only looks at one and leaves without a word has it for `LIFETIME`. Where something was done to it, it is held
until that is over, however long that takes: a queue may be behind.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from osmod.moderation.database import insert_missing
from osmod.moderation.models import Claim

#: A claim that is not renewed ends after so long: its moderator has left without a word.
LIFETIME = timedelta(minutes=5)
#: One that has as much of that left is not renewed yet: a page that is open would write every second.
ENOUGH = timedelta(minutes=4, seconds=30)


def take(session: Session, comment_id: int, user_id: int, moment: datetime) -> Claim:
    """Claim a comment. The claim that stands then: another's, where another was first.

    Call it in a transaction of its own. Expired claims of the same user go.
    """
    until = moment + LIFETIME
    mine = {"comment_id": comment_id, "user_id": user_id, "since": moment, "until": until, "form": None}
    _forget_expired(session, user_id, comment_id, moment)
    insert_missing(session, Claim, [mine])
    of_comment = update(Claim).where(Claim.comment_id == comment_id)
    session.execute(
        of_comment.where(~stands(moment)).values(user_id=user_id, since=moment, until=until, form=None)
    )
    session.execute(of_comment.where(Claim.user_id == user_id, Claim.form.is_(None)).values(until=until))
    standing = select(Claim).where(Claim.comment_id == comment_id)
    return session.scalars(standing.execution_options(populate_existing=True)).one()


def renew(session: Session, comment_id: int, user_id: int, moment: datetime) -> Claim | None:
    """Who is at a comment; if it is this user, for another five minutes. None: nobody is."""
    standing = session.scalars(select(Claim).where(Claim.comment_id == comment_id, stands(moment))).first()
    if standing and (standing.user_id, standing.form) == (user_id, None) and standing.until - moment < ENOUGH:
        standing.until = moment + LIFETIME
        session.flush()
    return standing


def of_others(
    session: Session, comment_ids: Iterable[int], user_id: int, moment: datetime
) -> dict[int, Claim]:
    """Those of the comments at which others are, or on which anybody's decision is on its way."""
    found = select(Claim).where(
        Claim.comment_id.in_(comment_ids),
        of_other(user_id, moment),
    )
    return {claim.comment_id: claim for claim in session.scalars(found)}


def stands(moment: datetime) -> ColumnElement[bool]:
    """The condition on claims that count."""
    return or_(Claim.until > moment, Claim.form.is_not(None))


def of_other(user_id: int, moment: datetime) -> ColumnElement[bool]:
    """The condition on those that keep a moderator from a comment."""
    return or_(and_(Claim.until > moment, Claim.user_id != user_id), Claim.form.is_not(None))


def held_for_long(session: Session, moment: datetime) -> set[str]:
    """The forms of acts that have held comments for `LIFETIME`, or so long again since that was asked."""
    found = select(Claim.form).where(Claim.until <= moment, Claim.form.is_not(None)).distinct()
    return {form for form in session.scalars(found) if form is not None}


def hold_on(session: Session, forms: Iterable[str], moment: datetime) -> None:
    """Ask again in `LIFETIME` whether these acts are over."""
    session.execute(
        update(Claim)
        .where(Claim.form.in_(forms))
        .values(until=moment + LIFETIME)
        .execution_options(synchronize_session=False)
    )


def release(session: Session, comment_id: int, user_id: int) -> None:
    """Leave a comment to others; a decision on its way keeps it."""
    session.execute(
        delete(Claim)
        .where(Claim.comment_id == comment_id, Claim.user_id == user_id, Claim.form.is_(None))
        .execution_options(synchronize_session=False)
    )


def hold(session: Session, comment_ids: Iterable[int], user_id: int, form: str, moment: datetime) -> None:
    """Keep comments from being offered while what was done to them is on its way."""
    ids = sorted(set(comment_ids))
    values = {"user_id": user_id, "since": moment, "until": moment + LIFETIME, "form": form}
    insert_missing(session, Claim, [{"comment_id": one, **values} for one in ids])
    session.execute(
        update(Claim)
        .where(Claim.comment_id.in_(ids))
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def let_go(session: Session, form: str, comment_ids: Iterable[int]) -> None:
    """What was done to these comments has taken effect, or has failed."""
    session.execute(
        delete(Claim)
        .where(Claim.comment_id.in_(comment_ids), Claim.form == form)
        .execution_options(synchronize_session=False)
    )


def _forget_expired(session: Session, user_id: int, but: int, moment: datetime) -> None:
    mine = (Claim.user_id == user_id, Claim.comment_id != but)
    expired = delete(Claim).where(*mine, ~stands(moment))
    session.execute(expired.execution_options(synchronize_session=False))
