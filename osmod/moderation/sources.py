"""Finding comments by their publisher's ids, at the same cost however many comments there are.

OSMod's own column has no index, so a table of ours says which comment an id means. It has every comment that was there
when it was made, that was taken in here, or whose first step was taken here (`postProcessComment`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.orm import Session

from osmod.moderation.database import insert_all, insert_missing
from osmod.moderation.models import Comment, CommentSource

_ONE = (
    select(Comment.id)
    .join(CommentSource, CommentSource.comment_id == Comment.id)
    .where(CommentSource.source_id == bindparam("source_id"))
)
#: Reads the whole table, unless somebody gave it the index (`osmod check` says how). The oldest wins, as in OSMod.
_SEARCH = select(Comment.id).where(Comment.source_id == bindparam("source_id")).order_by(Comment.id).limit(1)
_MANY = (
    select(CommentSource.source_id, CommentSource.comment_id, Comment.id)
    .outerjoin(Comment, Comment.id == CommentSource.comment_id)
    .where(CommentSource.source_id.in_(bindparam("source_ids", expanding=True)))
)


def find_comment_id(session: Session, source_id: str) -> int | None:
    """The comment of a publisher's id, or None. One that another program stored is searched for, which takes longer."""
    values = {"source_id": source_id}
    found = session.scalar(_ONE, values)
    return session.scalar(_SEARCH, values) if found is None else found


def find_comment_ids(session: Session, source_ids: Collection[str]) -> dict[str, int]:
    """The comments of many ids. Rows of comments that are gone are forgotten, so that the ids can be used again."""
    if not source_ids:
        return {}
    rows = session.execute(_MANY, {"source_ids": sorted(source_ids)}).all()
    gone = {source_id: comment_id for source_id, comment_id, found in rows if found is None}
    if gone:
        forget(session, gone)
    return {source_id: found for source_id, _, found in rows if found is not None}


def remember(session: Session, comment_ids: Mapping[str, int]) -> None:
    """Note the comments of new ids.

    Raises:
      IntegrityError: one was noted meanwhile: somebody else stored the same comment.
    """
    rows = [
        {"source_id": source_id, "comment_id": comment_ids[source_id]} for source_id in sorted(comment_ids)
    ]
    insert_all(session, CommentSource, rows)


def remember_first(session: Session, source_id: str, comment_id: int) -> None:
    """Note the comment of an id, unless there is one: the first counts, as in OSMod."""
    insert_missing(session, CommentSource, [{"source_id": source_id, "comment_id": comment_id}])


def forget(session: Session, comment_ids: Mapping[str, int]) -> None:
    """Forget ids, as long as they mean these comments."""
    session.execute(
        delete(CommentSource)
        .where(
            CommentSource.source_id.in_(list(comment_ids)), CommentSource.comment_id.in_(comment_ids.values())
        )
        .execution_options(synchronize_session=False)
    )


def remember_all(connection: Connection) -> None:
    """Note every comment that is there; of several with one id the oldest."""
    source, comment = CommentSource.__tablename__, Comment.__tablename__
    first = "INSERT OR IGNORE" if connection.dialect.name == "sqlite" else "INSERT IGNORE"
    connection.exec_driver_sql(
        f"{first} INTO {source} (source_id, comment_id) SELECT sourceId, id FROM {comment} ORDER BY id"
    )
