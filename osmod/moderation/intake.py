"""Comments taken in from a publisher, many in one transaction and with few statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from sqlalchemy import Table, bindparam, func, select, update

from osmod.moderation import counts, sources
from osmod.moderation.articles import ensure_articles
from osmod.moderation.database import insert_all, upsert
from osmod.moderation.incoming import IncomingComment
from osmod.moderation.models import Comment, CommentSize
from osmod.moderation.text_size import DEFAULT_WIDTH, text_height
from osmod.moderation.work import Work

#: What became of a comment that was sent.
Change = Literal["created", "updated", "unchanged"]

_STORED = (
    select(Comment)
    .where(Comment.id.in_(bindparam("ids", expanding=True)))
    .order_by(Comment.id)
    .with_for_update()
)
_LAST = select(func.coalesce(func.max(Comment.id), 0))
_NEW = select(Comment.source_id, Comment.id).where(
    Comment.id > bindparam("after"), Comment.source_id.in_(bindparam("source_ids", expanding=True))
)
# Whether they are linked is no condition: SQLite would go through all comments that answer none.
_ANSWERS = select(Comment.id, Comment.reply_to_source_id, Comment.reply_id).where(
    Comment.reply_to_source_id.in_(bindparam("source_ids", expanding=True))
)
_table = cast("Table", Comment.__table__)
_LINK = update(_table).where(_table.c.id == bindparam("answer")).values(replyId=bindparam("parent"))


@dataclass(frozen=True)
class Taken:
    """What became of one comment, and its id here."""

    comment_id: int
    change: Change


def take_in(work: Work, comments: Sequence[IncomingComment], owner_id: int | None = None) -> dict[str, Taken]:
    """Store new comments and put right those that changed; both owe scores. By the publisher's ids, each once.

    An article that a comment names now and did not before is not looked at: comments stay where they are. What was
    decided on a changed comment stands until somebody, or a rule, decides anew.

    Parameters:
      owner_id: the user to whom new comments belong, and who is told of what is decided on them.

    Raises:
      IntegrityError: somebody else stored one of them at the same time; to try again helps.
    """
    assert len({comment.source_id for comment in comments}) == len(comments)
    asked = {comment.source_id for comment in comments}
    known = sources.find_comment_ids(
        work.session, asked | {one.reply_to_source_id for one in comments if one.reply_to_source_id}
    )
    ids = [known[source_id] for source_id in asked if source_id in known]
    stored = {one.id: one for one in work.session.scalars(_STORED, {"ids": ids})} if ids else {}
    taken: dict[str, Taken] = {}
    changed: list[Comment] = []
    for incoming in comments:
        comment = stored.get(known.get(incoming.source_id, 0))
        if comment is not None:
            change = _edit(comment, incoming)
            taken[incoming.source_id] = Taken(comment.id, change)
            if change == "updated":
                changed.append(comment)
    _measure_and_send(work, {one.id: one.text for one in changed})
    new = _store(work, [one for one in comments if one.source_id not in taken], known, owner_id)
    return taken | {source_id: Taken(comment_id, "created") for source_id, comment_id in new.items()}


def _edit(comment: Comment, incoming: IncomingComment) -> Change:
    if comment.text == incoming.text and comment.author == incoming.author.shown:
        return "unchanged"
    comment.text, comment.author = incoming.text, incoming.author.shown
    return "updated"


def _store(
    work: Work, comments: Sequence[IncomingComment], known: Mapping[str, int], owner_id: int | None
) -> dict[str, int]:
    """The ids of new comments by their publisher's."""
    if not comments:
        return {}
    session = work.session
    places = ensure_articles(work, (comment.article for comment in comments))
    rows = [
        {
            "source_id": comment.source_id,
            "article_id": places[comment.article.source_id].article_id,
            "text": comment.text,
            "author": comment.author.shown,
            "author_source_id": comment.author.source_id,
            "reply_to_source_id": comment.reply_to_source_id,
            "reply_id": known.get(comment.reply_to_source_id or ""),
            "owner_id": owner_id,
            "source_created_at": comment.created_at or work.now,
        }
        for comment in comments
    ]
    last = session.scalar(_LAST)
    insert_all(session, Comment, rows)
    source_ids = [comment.source_id for comment in comments]
    found = session.execute(_NEW, {"after": last, "source_ids": source_ids})
    ids = {source_id: comment_id for source_id, comment_id in found if source_id in set(source_ids)}
    sources.remember(session, ids)
    _link_answers(work, ids)
    _measure_and_send(work, {ids[comment.source_id]: comment.text for comment in comments})
    counts.add_new(work, Counter(places[comment.article.source_id] for comment in comments))
    return ids


def _link_answers(work: Work, ids: Mapping[str, int]) -> None:
    """Comments may come before those that they answer."""
    answers = work.session.execute(_ANSWERS, {"source_ids": list(ids)})
    links = [
        {"answer": answer, "parent": ids[source_id]}
        for answer, source_id, parent in answers
        if parent is None and source_id is not None and source_id in ids
    ]
    if links:
        work.session.connection().execute(_LINK, links)


def _measure_and_send(work: Work, texts: Mapping[int, str]) -> None:
    width = DEFAULT_WIDTH
    sizes = [
        {"comment_id": comment_id, "width": width, "height": text_height(text, width)}
        for comment_id, text in texts.items()
    ]
    upsert(work.session, CommentSize, sizes, ["height"])
    for comment_id in texts:
        work.enqueue("sendCommentForScoring", comment_id=comment_id)
