"""What the new scorer is asked: the comments of the sample, as the worker shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Engine, select
from sqlalchemy.orm import aliased

from osmod.comparing.sample import pages
from osmod.moderation.database import open_session
from osmod.moderation.models import Article, Comment
from osmod.moderation.questions import Text
from osmod.scorers import Question
from osmod.task.showing import question_of

#: Comments whose texts are in memory at once, read in one short transaction.
PAGE = 100

_Parent = aliased(Comment)


def questions(engine: Engine, comment_ids: Sequence[int]) -> Iterator[tuple[int, Question]]:
    """Each comment's id and question, read as they are taken. No request is opened, so its id is 0."""
    for ids in pages(comment_ids, PAGE):
        with open_session(engine) as session:
            rows = session.execute(
                select(Comment.id, Comment.text, Article.id, Article.text, _Parent.id, _Parent.text)
                .outerjoin(Article, Article.id == Comment.article_id)
                .outerjoin(_Parent, _Parent.id == Comment.reply_id)
                .where(Comment.id.in_(ids))
                .order_by(Comment.id)
            ).all()
        for comment_id, text, article_id, article, parent_id, parent in rows:
            before = (_text(article_id, article), _text(parent_id, parent))
            yield comment_id, question_of(0, Text(comment_id, text), *before)


def _text(row_id: int | None, html: str | None) -> Text | None:
    return Text(row_id, html) if row_id is not None and html is not None else None
