"""A database to moderate in: rows made in few words, tasks' effects run on it, and all of it read back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from typing import Any, TypeVar

from sqlalchemy import Engine, func, insert, select

from osmod.moderation import counts
from osmod.moderation.database import open_session
from osmod.moderation.models import (
    COUNTS,
    Article,
    Base,
    Category,
    Comment,
    CommentScoreRequest,
    ModerationRule,
    Tag,
    User,
    now,
)
from osmod.moderation.recounting import Correction, recount
from osmod.moderation.work import Committed, Delivery, Work, transact

T = TypeVar("T")
Row = TypeVar("Row", bound=Base)
Tables = dict[str, list[dict[str, Any]]]


class World:
    """What a test's database holds. Every method works in a transaction of its own, committed at its end."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._numbers = count(1)

    def do(self, effect: Callable[..., T], *deliveries: Delivery) -> Committed[T]:
        """Run an effect on a `Work` as a task does."""
        return transact(self.engine, effect, *deliveries)

    def add(self, row: Base) -> int:
        """Store a row and return its id (0 where it has none)."""
        with open_session(self.engine) as session:
            session.add(row)
            session.commit()
            return getattr(row, "id", 0)

    def category(self, **columns: Any) -> int:
        """A category."""
        return self.add(Category(label=f"category {next(self._numbers)}", **columns))

    def article(self, category_id: int | None = None, **columns: Any) -> int:
        """An article."""
        name = f"article {next(self._numbers)}"
        texts = {"source_id": name, "title": name, "text": "What happened", "url": "https://news.example"}
        return self.add(Article(category_id=category_id, **(texts | columns)))

    def comment(self, article_id: int | None, **columns: Any) -> int:
        """A comment in any state, counted. Its `source_id` is "c" and its id unless given."""
        number = next(self._numbers)
        texts = {"source_id": f"c{number}", "author_source_id": "ann", "text": "Well said", "author": {}}

        def make(work: Work) -> int:
            comment = Comment(article_id=article_id, **(texts | columns))
            work.session.add(comment)
            work.session.flush()
            if "source_id" not in columns:
                comment.source_id = f"c{comment.id}"
                work.session.flush()
            if article_id is not None:
                article = work.session.get_one(Article, article_id)
                counts.move(work, article, counts.NOWHERE, counts.standing(comment))
            return comment.id

        made = self.do(make).value
        assert made is not None
        return made

    def user(self, **columns: Any) -> int:
        """A moderator, a person."""
        return self.add(User(**({"group": "general", "name": f"user {next(self._numbers)}"} | columns)))

    def scorer(self, extra: Any = None) -> int:
        """A scorer that is switched on."""
        return self.user(group="moderator", is_active=True, extra=extra)

    def tag(self, attribute: str, **columns: Any) -> int:
        """A tag that counts towards the highest score."""
        settings = {"label": attribute, "color": "#fff", "in_summary_score": True}
        return self.add(Tag(attribute=attribute, **(settings | columns)))

    def rule(
        self, tag_id: int, lower: float, upper: float, action: str, category_id: int | None = None
    ) -> int:
        """A moderation rule."""
        bounds = {"lower_threshold": lower, "upper_threshold": upper}
        return self.add(ModerationRule(tag_id=tag_id, action=action, category_id=category_id, **bounds))

    def asked(self, comment_id: int, *scorers: int) -> None:
        """Open requests to scorers."""
        for scorer in scorers:
            self.add(CommentScoreRequest(comment_id=comment_id, user_id=scorer, sent_at=now()))

    def get(self, model: type[Row], key: Any) -> Row:
        """A row as it is now."""
        with open_session(self.engine) as session:
            return session.get_one(model, key)

    def all(self, model: type[Row], **where: Any) -> list[Row]:
        """The rows of a table as they are now, by key."""
        with open_session(self.engine) as session:
            statement = select(model).filter_by(**where).order_by(*model.__table__.primary_key)
            return list(session.scalars(statement))

    def size(self, model: type[Base]) -> int:
        """How many rows a table has."""
        with open_session(self.engine) as session:
            return session.scalar(select(func.count()).select_from(model)) or 0

    def counts_of(self, model: type[Article] | type[Category], key: int) -> dict[str, int]:
        """The counts of an article or category that are not 0."""
        row = self.get(model, key)
        return {name: getattr(row, name) for name in COUNTS if getattr(row, name)}

    def miscounted(self) -> list[Correction]:
        """The counts that are wrong."""
        with open_session(self.engine) as session:
            return list(recount(session, dry_run=True))

    def dump(self) -> Tables:
        """All that is in the database."""
        with self.engine.connect() as connection:
            return {
                table.name: [
                    dict(row._mapping)
                    for row in connection.execute(select(table).order_by(*table.primary_key))
                ]
                for table in Base.metadata.sorted_tables
            }

    def bulk(self, model: type[Base], rows: Iterable[dict[str, Any]]) -> None:
        """Store many rows at once, uncounted."""
        with open_session(self.engine) as session:
            session.execute(insert(model), list(rows))
            session.commit()
