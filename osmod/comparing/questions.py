"""What the new scorer is asked: the comments of the sample, as it would be shown them in earnest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Engine, select
from sqlalchemy.orm import aliased

from osmod.comparing.sample import pages
from osmod.moderation.database import open_session
from osmod.moderation.models import Article, Comment
from osmod.moderation.plain_text import strip_tags, utf16_length
from osmod.scorers import Question

#: Comments whose texts are in memory at once, read in one short transaction.
PAGE = 100

_Parent = aliased(Comment)


def questions(engine: Engine, comment_ids: Sequence[int]) -> Iterator[tuple[int, Question]]:
    """Each comment's id and question, read as they are taken. No request is opened, so its id is 0."""
    for ids in pages(comment_ids, PAGE):
        with open_session(engine) as session:
            rows = session.execute(
                select(Comment.id, Comment.text, Article.text, _Parent.text)
                .outerjoin(Article, Article.id == Comment.article_id)
                .outerjoin(_Parent, _Parent.id == Comment.reply_id)
                .where(Comment.id.in_(ids))
                .order_by(Comment.id)
            ).all()
        for comment_id, text, article, parent in rows:
            context = tuple(strip_tags(one) for one in (article, parent) if one is not None)
            yield comment_id, Question(0, strip_tags(text), utf16_length(text), context)
