"""What a look costs does not grow with what there is: rows that MariaDB reads for it, counted by itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from osmod.moderation.database import open_session
from osmod.moderation.desk import preview, queues, recent, standing, waiting
from osmod.moderation.desk.histogram import histogram
from osmod.moderation.desk.queues import Wanted
from osmod.moderation.desk.rule_book import Draft
from osmod.moderation.models import (
    Article,
    Category,
    Comment,
    CommentFlag,
    CommentSummaryScore,
    Decision,
    ModerationRule,
    Tag,
)
from tests.moderation.world import World

pytestmark = pytest.mark.only_on("mariadb")

#: Articles, each with a comment that waits and one that was approved by a rule; all but a few of them flagged.
ARTICLES = 1_500
#: Rows that a window of few costs: they are read, kept and sorted.
MOST = 300

#: The looks that the pages take.
LOOKS: dict[str, Callable[[Session], object]] = {
    "how many wait": lambda session: queues.standing_size(session, Wanted()),
    "the spread": lambda session: histogram(session, Wanted()),
    "a range": lambda session: histogram(session, Wanted(lower=0.6, upper=0.7)),
    "what comes next": lambda session: waiting.page(session, Wanted(), None, limit=12),
    "what comes next in a range": lambda session: waiting.page(session, Wanted(upper=0.5), None, limit=12),
    "without a category": lambda session: waiting.page(session, Wanted(category_id=0), None, limit=12),
    "by attribute": lambda session: waiting.page(session, Wanted(tag_id=1), None, limit=12),
    "flagged": lambda session: waiting.page(session, Wanted("flagged"), None, limit=12),
    "a change of a rule": lambda session: preview.preview(session, None, Draft(1, 0.5, 1, "Reject")),
    "decisions that there are none of": lambda session: recent.recent(session, recent.Wanted(status="Defer")),
    "of a rule, too": lambda session: recent.recent(session, recent.Wanted(status="Defer", rule_id=1)),
    "by people": lambda session: recent.recent(session, recent.Wanted(source="User")),
}


@pytest.fixture
def many(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """More than is looked at."""
    for module, name, value in (
        (queues, "FEW", 20),
        (queues, "ROWS", 20),
        (queues, "ARTICLES", 20),
        (standing, "ADDED_UP", 20),
        (waiting, "WALKS", (10, 20)),
        (preview, "LAST", 20),
        (preview, "WINDOWS", (20, 40)),
        (recent, "WINDOW", 40),
    ):
        monkeypatch.setattr(module, name, value)
    numbers = range(1, ARTICLES + 1)
    texts = {"text": "It happened", "title": "What", "url": "https://news.example"}
    world.bulk(Category, [{"id": 1, "label": "news", "unmoderated_count": ARTICLES}])
    world.bulk(Tag, [{"id": 1, "attribute": "TOXICITY", "label": "", "color": "", "in_summary_score": True}])
    world.bulk(
        ModerationRule,
        [{"id": 1, "tag_id": 1, "lower_threshold": 0, "upper_threshold": 0.5, "action": "Accept"}],
    )
    counts = {"unmoderated_count": 1, "flagged_count": 1, "all_count": 2}
    world.bulk(
        Article, [{"id": one, "source_id": f"a{one}", "category_id": 1, **texts, **counts} for one in numbers]
    )
    world.bulk(Comment, [_comment(one, accepted=one % 2 == 0) for one in range(2, 2 * ARTICLES + 2)])
    flagged = [2 * one for one in numbers]
    world.bulk(CommentFlag, [{"comment_id": one, "source_id": "ann", "label": "spam"} for one in flagged])
    by_rule = {"status": "Accept", "source": "Rule", "moderation_rule_id": 1}
    world.bulk(Decision, [{"comment_id": one, **by_rule} for one in flagged])
    with world.engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE TABLE comments, articles, decisions, comment_flags")
    return world


def _comment(number: int, *, accepted: bool) -> dict[str, object]:
    return {
        "id": number,
        "source_id": f"c{number}",
        "author_source_id": "ann",
        "author": {},
        "text": "Well said",
        "article_id": number // 2,
        "is_scored": True,
        "is_accepted": True if accepted else None,
        "is_moderated": accepted,
        "unresolved_flags_count": int(accepted),
        "max_summary_score": number / 10_000,
    }


def test_rows_read(many: World) -> None:
    """However many comments, articles and decisions there are."""
    read = {name: _rows(many, look) for name, look in LOOKS.items()}
    assert {} == {name: rows for name, rows in read.items() if rows > MOST}


def test_rows_read_without_categories(many: World) -> None:
    """Nothing is added up by category then, and articles only as far as the newest."""
    with many.engine.begin() as connection:
        connection.execute(update(Article).values(category_id=None))
        connection.execute(update(Category).values(unmoderated_count=0))
        connection.exec_driver_sql("ANALYZE TABLE articles")
    read = {name: _rows(many, look) for name, look in LOOKS.items()}
    assert {} == {name: rows for name, rows in read.items() if rows > MOST}


def test_rows_read_behind_a_backlog(many: World) -> None:
    """Of comments that have no scores yet, and are undecided as those are that wait."""
    backlog = [_comment(one, accepted=False) for one in range(2 * ARTICLES + 2, 3 * ARTICLES + 2)]
    many.bulk(Comment, [one | {"is_scored": False, "article_id": 1} for one in backlog])
    many.bulk(CommentSummaryScore, [{"comment_id": 2 * ARTICLES, "tag_id": 1, "score": 0.5}])
    with many.engine.begin() as connection:
        connection.execute(update(Category).values(unprocessed_count=ARTICLES))
        connection.exec_driver_sql("ANALYZE TABLE comments, comment_summary_scores")
    read = {name: _rows(many, look) for name, look in LOOKS.items()}
    assert {} == {name: rows for name, rows in read.items() if rows > MOST}
    with open_session(many.engine) as session:
        assert 10 == sum(histogram(session, Wanted()).buckets)


def _rows(world: World, look: Callable[[Session], object]) -> int:
    with open_session(world.engine) as session:
        before = _read(session)
        look(session)
        return _read(session) - before


def _read(session: Session) -> int:
    rows = session.connection().exec_driver_sql("SHOW SESSION STATUS LIKE 'Handler_read%%'").all()
    return sum(int(value) for _name, value in rows)
