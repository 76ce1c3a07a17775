"""Comments as a site may have them after years: rules decided on most, and a tenth waits for people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Engine, Table, insert

from osmod.moderation.models import (
    Article,
    Base,
    Category,
    Comment,
    CommentFlag,
    CommentScore,
    CommentSummaryScore,
    Decision,
    ModerationRule,
    Tag,
    now,
)

#: Comments of an article, articles of a category at least, and rows inserted at a time.
OF_ARTICLE, CATEGORIES, BATCH = 1_000, 10, 5_000
#: What became of how many in a hundred, with the scores between which they lie.
KINDS: tuple[tuple[str, int, float, float], ...] = (
    ("accepted", 66, 0.0, 0.5),
    ("flagged", 2, 0.0, 0.5),
    ("rejected", 17, 0.95, 1.0),
    ("deferred", 3, 0.5, 0.95),
    ("new", 12, 0.5, 0.95),
)
_OF_HUNDRED = [kind for kind in KINDS for _ in range(kind[1])]
TAGS = ("TOXICITY", "INSULT", "SPAM")
PERSON = 1


def fill_comments(engine: Engine, comments: int) -> None:
    """Store so many comments, in whole articles, with their scores, decisions and flags. The user 1 is there."""
    articles = max(1, comments // OF_ARTICLE)
    numbers = range(1, articles * OF_ARTICLE + 1)
    with engine.connect() as connection:
        _insert(connection, Category, (_category(number, articles) for number in range(1, CATEGORIES + 1)))
        _insert(connection, Article, (_article(number) for number in range(1, articles + 1)))
        _insert(connection, Tag, (_tag(number) for number in range(1, len(TAGS) + 1)))
        _insert(connection, ModerationRule, (_rule(1, 0.0, 0.5, "Accept"), _rule(2, 0.95, 1.0, "Reject")))
        _insert(connection, Comment, map(_comment, numbers))
        _insert(connection, CommentSummaryScore, (row for number in numbers for row in _scores(number)))
        _insert(connection, CommentScore, map(_span, numbers[::10]))
        _insert(connection, Decision, (_decision(number) for number in numbers if _kind(number)[0] != "new"))
        _insert(
            connection, CommentFlag, (_flag(number) for number in numbers if _kind(number)[0] == "flagged")
        )


def one_that_waits(comments: int) -> int:
    """The id of a comment about the middle that is new."""
    return next(number for number in range(comments // 2 + 1, comments + 1) if _kind(number)[0] == "new")


def _kind(number: int) -> tuple[str, int, float, float]:
    return _OF_HUNDRED[number * 37 % 100]


def _score(number: int) -> float:
    """Spread evenly over the range of its kind."""
    _name, _share, low, high = _kind(number)
    return round(low + (high - low) * (number * 7_919 % 100_003) / 100_003, 6)


def _comment(number: int) -> dict[str, Any]:
    name = _kind(number)[0]
    decided = {"accepted": True, "flagged": True, "rejected": False}.get(name)
    return {
        "id": number,
        "sourceId": f"c{number}",
        "articleId": (number - 1) // OF_ARTICLE + 1,
        "authorSourceId": f"reader {number % 20_011}",
        "author": {"name": f"Reader {number % 20_011}"},
        "text": f"Comment {number}: {'words and more words ' * 8}",
        "isScored": True,
        "isAccepted": decided,
        "isDeferred": name == "deferred",
        "isModerated": name != "new",
        "isAutoResolved": name != "new",
        "maxSummaryScore": _score(number),
        "maxSummaryScoreTagId": 1,
        "unresolvedFlagsCount": int(name == "flagged"),
        "sourceCreatedAt": now() - timedelta(seconds=number),
    }


def _scores(number: int) -> Iterator[dict[str, Any]]:
    for tag in range(1, len(TAGS) + 1):
        yield {"commentId": number, "tagId": tag, "score": round(_score(number) / tag, 6)}


def _span(number: int) -> dict[str, Any]:
    place = {"annotationStart": 0, "annotationEnd": 7, "sourceType": "Machine"}
    return {"commentId": number, "tagId": 1, "score": _score(number), **place}


def _decision(number: int) -> dict[str, Any]:
    status = {"rejected": "Reject", "deferred": "Defer"}.get(_kind(number)[0], "Accept")
    by_person = number % 20 == 0
    rule = None if by_person else 2 if status == "Reject" else 1
    return {
        "commentId": number,
        "status": status,
        "source": "User" if by_person else "Rule",
        "userId": PERSON if by_person else None,
        "moderationRuleId": rule,
        "isCurrentDecision": True,
        "createdAt": now() - timedelta(seconds=number),
    }


def _flag(number: int) -> dict[str, Any]:
    return {"commentId": number, "sourceId": f"reader {number % 997}", "label": "spam", "isResolved": False}


def _article(number: int) -> dict[str, Any]:
    text = {"title": f"What happened on day {number}", "text": "It happened.", "url": "https://news.example"}
    first = (number - 1) * OF_ARTICLE + 1
    names = [_kind(one)[0] for one in range(first, first + OF_ARTICLE)]
    return {
        "id": number,
        "sourceId": f"a{number}",
        "categoryId": number % CATEGORIES + 1,
        **text,
        **_counts({name: names.count(name) for name, *_ in KINDS}),
    }


def _category(number: int, articles: int) -> dict[str, Any]:
    """Each hundred comments are alike, so of each kind there are as many in every article."""
    own = len([one for one in range(1, articles + 1) if one % CATEGORIES + 1 == number]) * OF_ARTICLE // 100
    return {
        "id": number,
        "label": f"category {number}",
        **_counts({name: share * own for name, share, *_ in KINDS}),
    }


def _counts(of: dict[str, int]) -> dict[str, int]:
    return {
        "allCount": sum(of.values()),
        "unmoderatedCount": of["new"],
        "moderatedCount": sum(of.values()) - of["new"],
        "approvedCount": of["accepted"] + of["flagged"],
        "rejectedCount": of["rejected"],
        "deferredCount": of["deferred"],
        "flaggedCount": of["flagged"],
    }


def _tag(number: int) -> dict[str, Any]:
    key = TAGS[number - 1]
    return {"id": number, "key": key, "label": key.title(), "color": "#fff", "inSummaryScore": True}


def _rule(number: int, low: float, high: float, action: str) -> dict[str, Any]:
    return {"id": number, "tagId": 1, "lowerThreshold": low, "upperThreshold": high, "action": action}


def _insert(connection: Connection, model: type[Base], rows: Any) -> None:
    table = model.__table__
    assert isinstance(table, Table)
    left = iter(rows)
    while portion := list(islice(left, BATCH)):
        connection.execute(insert(table), portion)
        connection.commit()
