"""What stands in the demo's database before the worker begins: tables, a scorer, a tag, rules, comments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from sqlalchemy import Engine

from osmod.demo.dealing import Entry
from osmod.moderation import ingest
from osmod.moderation.database import open_session
from osmod.moderation.migrations import upgrade
from osmod.moderation.models import Action, Article, Category, ModerationRule, Tag, User
from osmod.moderation.work import Work, transact

ATTRIBUTE = "TOXICITY"
#: Both bounds are within. In between no rule applies, and the comment waits for a moderator: a crude scorer may
#: accept the harmless and order the queue, but reject only where it is very sure.
RULES: tuple[tuple[float, float, Action], ...] = (
    (0.0, 0.2, "Accept"),
    (0.2, 0.8, "Defer"),
    (0.995, 1.0, "Reject"),
)
#: Comments a transaction.
BATCH = 200


def empty_database(path: Path) -> None:
    """Remove what an earlier demo left."""
    for end in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def furnish(engine: Engine) -> None:
    """Create the tables; put the scorer, the tag and the rules in."""
    upgrade(engine)
    with open_session(engine) as session:
        scorer = User(group="moderator", name="Local scorer", is_active=True, extra={"endpointType": "local"})
        tag = Tag(
            attribute=ATTRIBUTE,
            label="Toxicity",
            color="rgb(66, 94, 30)",
            is_in_batch_view=True,
            in_summary_score=True,
        )
        session.add_all([scorer, tag])
        session.flush()
        for lower, upper, action in RULES:
            session.add(
                ModerationRule(tag_id=tag.id, lower_threshold=lower, upper_threshold=upper, action=action)
            )
            session.flush()  # the ids follow the order
        session.commit()


def store(engine: Engine, entries: Sequence[Entry], stored: Callable[[int], None]) -> list[int]:
    """Take the comments in as they would come from a publisher; their ids. `stored(n)` hears of each batch."""
    articles = transact(engine, lambda work: _add_articles(work, entries)).value or {}
    ids: list[int] = []
    for batch in _batches(entries):
        ids += transact(engine, lambda work, batch=batch: _add_comments(work, batch, articles)).value or []  # type: ignore[misc]
        stored(len(ids))
    return ids


def _add_articles(work: Work, entries: Sequence[Entry]) -> dict[tuple[str, str], int]:
    categories: dict[str, Category] = {}
    articles: dict[tuple[str, str], Article] = {}
    for entry in entries:
        place = (entry.category, entry.article)
        if place in articles:
            continue
        if entry.category not in categories:
            categories[entry.category] = Category(label=entry.category, is_active=True)
            work.session.add(categories[entry.category])
            work.session.flush()
        number = len(articles) + 1
        articles[place] = Article(
            source_id=f"demo-article-{number}",
            title=entry.article,
            text=f"<p>{entry.article}.</p>",
            url=f"https://news.example/{number}",
            category_id=categories[entry.category].id,
        )
        work.session.add(articles[place])
    work.session.flush()
    return {place: article.id for place, article in articles.items()}


def _add_comments(work: Work, entries: Sequence[Entry], articles: dict[tuple[str, str], int]) -> list[int]:
    return [
        ingest.add_comment(
            work,
            source_id=entry.source_id,
            article_id=articles[entry.category, entry.article],
            text=entry.text,
            author={"name": entry.author},
            author_source_id=entry.author,
            reply_to_source_id=entry.reply_to,
        ).id
        for entry in entries
    ]


def _batches(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    rest = iter(entries)
    while batch := list(islice(rest, BATCH)):
        yield batch
