"""Articles and categories by their publisher's ids, made where they are missing."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from sqlalchemy import bindparam, or_, select

from osmod.moderation.attributes import folded
from osmod.moderation.database import insert_missing
from osmod.moderation.incoming import IncomingArticle, IncomingCategory
from osmod.moderation.models import Article, Category
from osmod.moderation.work import Work

#: Locked in the order of an index: of two who take in comments on the same articles one waits, never both.
_ARTICLES = (
    select(Article.source_id, Article.id, Article.category_id)
    .where(Article.source_id.in_(bindparam("source_ids", expanding=True)))
    .order_by(Article.source_id)
    .with_for_update()
)
_CATEGORIES = (
    select(Category.source_id, Category.label, Category.id)
    .where(
        or_(
            Category.source_id.in_(bindparam("source_ids", expanding=True)),
            Category.label.in_(bindparam("labels", expanding=True)),
        )
    )
    .order_by(Category.id)
)


class Place(NamedTuple):
    """Where a comment is counted."""

    article_id: int
    category_id: int | None


def ensure_articles(work: Work, wanted: Iterable[IncomingArticle]) -> dict[str, Place]:
    """The articles by their publisher's ids, locked until the commit. Those that are there stay as they are."""
    by_id = {article.source_id: article for article in wanted}
    found = _find(work, by_id)
    missing = [article for source_id, article in by_id.items() if source_id not in found]
    if missing:
        _make(work, missing)
        found |= _find(work, [article.source_id for article in missing])
        # What the database holds for the same and we do not, as "ß" and "s" on MySQL: found one by one.
        for source_id in by_id.keys() - found.keys():
            row = work.session.execute(_ARTICLES, {"source_ids": [source_id]}).one()
            found[source_id] = Place(row.id, row.category_id)
    return found


def _find(work: Work, source_ids: Collection[str]) -> dict[str, Place]:
    rows = work.session.execute(_ARTICLES, {"source_ids": sorted(source_ids)}).all()
    exact = {source_id: Place(article_id, category_id) for source_id, article_id, category_id in rows}
    alike = {folded(source_id): place for source_id, place in exact.items()}  # as OSMod's unique key sees it
    found = {source_id: exact.get(source_id) or alike.get(folded(source_id)) for source_id in source_ids}
    return {source_id: place for source_id, place in found.items() if place is not None}


def _make(work: Work, missing: Collection[IncomingArticle]) -> None:
    categories = _ensure_categories(work, {article.category for article in missing if article.category})
    rows = [
        {
            "source_id": article.source_id,
            "title": article.title or article.source_id,
            "text": article.text,
            "url": article.url,
            "source_created_at": article.created_at or work.now,
            "category_id": categories.get(article.category.source_id) if article.category else None,
        }
        for article in missing
    ]
    insert_missing(work.session, Article, rows)


def _ensure_categories(work: Work, wanted: Collection[IncomingCategory]) -> dict[str, int]:
    found = _find_categories(work, wanted)
    missing = [category for category in wanted if category.source_id not in found]
    if missing:
        rows = [
            {"source_id": one.source_id, "label": one.label or one.source_id, "is_active": True}
            for one in missing
        ]
        insert_missing(work.session, Category, rows)
        found |= _find_categories(work, missing)
    return found


def _find_categories(work: Work, wanted: Collection[IncomingCategory]) -> dict[str, int]:
    """By the publisher's id, else by the label, of which there can be one only."""
    if not wanted:
        return {}
    labels = {one.source_id: one.label or one.source_id for one in wanted}
    rows = work.session.execute(
        _CATEGORIES, {"source_ids": list(labels), "labels": list(labels.values())}
    ).all()
    by_id = {folded(row.source_id): row.id for row in rows if row.source_id is not None}
    by_label = {folded(row.label): row.id for row in rows}
    found = {
        source_id: by_id.get(folded(source_id)) or by_label.get(folded(label))
        for source_id, label in labels.items()
    }
    return {source_id: category_id for source_id, category_id in found.items() if category_id is not None}
