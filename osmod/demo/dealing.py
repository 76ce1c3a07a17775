"""Comments without a place, dealt out to articles and authors, some as replies; always in the same way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

#: Categories and titles that the demo makes up.
ARTICLES = (
    ("Local news", "The old harbour gets a new quay"),
    ("Local news", "Night buses: what changes in spring"),
    ("Politics", "Council votes on the budget"),
    ("Politics", "Five questions to the new mayor"),
    ("Sport", "Cup final goes to penalties"),
    ("Sport", "Why the marathon starts at dawn"),
)
AUTHORS = 50
#: Each fifth comment answers the one before it on the same article.
REPLY_EVERY = 5


@dataclass(frozen=True)
class Entry:
    """A comment as a publisher would send it."""

    source_id: str
    category: str
    article: str
    author: str
    text: str
    reply_to: str | None = None


def deal(texts: Iterable[str]) -> Iterator[Entry]:
    """One entry a text, in their order: article after article, author after author."""
    return (place(number, text) for number, text in enumerate(texts))


def place(number: int, text: str) -> Entry:
    """The entry of the comment that is `number` in the order, counted from 0."""
    category, article = ARTICLES[number % len(ARTICLES)]
    before = number - len(ARTICLES)
    answers = number % REPLY_EVERY == REPLY_EVERY - 1 and before >= 0
    return Entry(
        source_id=_source_id(number),
        category=category,
        article=article,
        author=f"Reader {number % AUTHORS + 1}",
        text=text,
        reply_to=_source_id(before) if answers else None,
    )


def _source_id(number: int) -> str:
    return f"demo-{number + 1}"
