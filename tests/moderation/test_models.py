"""OSMod's tables: what comes back is what MariaDB would have kept, on every database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import CHAR, Engine, inspect, literal, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeDecorator

from osmod.moderation.database import open_session
from osmod.moderation.models import (
    OWN_TABLES,
    Base,
    Comment,
    CommentSummaryScore,
    ModerationRule,
    Tag,
    single,
)
from osmod.moderation.models.types import Json, JsonObject, Moment, Single
from tests.moderation.world import World


@pytest.mark.parametrize(
    ("given_score", "kept"),
    [
        (0.0, 0.0),
        (1.0, 1.0),
        (0.1, 0.1),
        (0.19999999, 0.2),
        (0.19999, 0.19999),
        (0.123456789, 0.123457),
        (1 / 3, 0.333333),
        (0.99999999, 1.0),
        (1e-7, 1e-7),
    ],
)
def test_single_precision(world: World, given_score: float, kept: float) -> None:
    """A FLOAT column keeps single precision and shows six significant digits (fact 1)."""
    comment, tag = world.comment(world.article()), world.tag("A")
    world.add(CommentSummaryScore(comment_id=comment, tag_id=tag, score=given_score))
    assert [kept] == [row.score for row in world.all(CommentSummaryScore)]
    assert kept == single(given_score)


@pytest.mark.only_on("mariadb")
def test_single_is_what_mariadb_prints(world: World) -> None:
    """Our rounding is MariaDB's, for a thousand scores of all sizes."""
    comment = world.comment(world.article())
    scores = [number / 997 for number in range(998)] + [0.1**n / 3 for n in range(1, 8)]
    for attribute in range(len(scores)):
        scores[attribute] = min(scores[attribute], 1.0)
    world.bulk(Tag, [{"label": "", "color": "", "attribute": f"t{n}"} for n in range(len(scores))])
    world.bulk(
        CommentSummaryScore,
        [{"comment_id": comment, "tag_id": n + 1, "score": score} for n, score in enumerate(scores)],
    )
    with world.engine.connect() as connection:
        printed = connection.exec_driver_sql("SELECT score FROM comment_summary_scores ORDER BY tagId")
        assert [single(score) for score in scores] == list(printed.scalars())


@given(st.floats(0, 1))
def test_single_is_stable(score: float) -> None:
    """What was read and is stored again does not move."""
    assert single(score) == single(single(score))


def test_bounds_of_a_rule_match_scores_as_stored(world: World) -> None:
    """Score and bound are rounded alike, so a score equal to a bound matches."""
    rule = world.get(ModerationRule, world.rule(world.tag("A"), 1 / 3, 2 / 3, "Accept"))
    assert (single(1 / 3), single(2 / 3)) == (rule.lower_threshold, rule.upper_threshold)


def test_moments(world: World) -> None:
    """Datetimes are whole seconds in UTC, whatever zone they were given in."""
    moment = datetime(2026, 3, 29, 2, 30, 15, 999_999, tzinfo=timezone(timedelta(hours=2)))
    comment = world.comment(None, sent_for_scoring=moment)
    assert datetime(2026, 3, 29, 0, 30, 15, tzinfo=UTC) == world.get(Comment, comment).sent_for_scoring


@pytest.mark.parametrize("value", [{}, {"a": [1, None, "é😀"]}, [], "text", 0, False])
def test_json(world: World, value: object) -> None:
    """JSON comes back as it was, whatever the table's character set can hold."""
    comment = world.comment(None, author=value, extra=value)
    row = world.get(Comment, comment)
    assert (value, value) == (row.author, row.extra)


@pytest.mark.parametrize("kind", [Single, Json, JsonObject, Moment])
def test_statements_are_compiled_once(kind: type[TypeDecorator[Any]]) -> None:
    """A type without a key of its own, such as one that is made of another, would have each compiled anew."""
    first, second = (select(literal(None, kind()))._generate_cache_key() for _ in range(2))
    assert first is not None
    assert first == second


def test_keys_compare_without_case(world: World) -> None:
    """Text is compared as OSMod's collation does, on SQLite too."""
    tag = world.tag("TOXICITY")
    with open_session(world.engine) as session:
        assert tag == session.scalar(select(Tag.id).where(Tag.attribute == "toxicity"))


def test_our_tables_do_not_touch_osmods(world: World) -> None:
    """Ours are known by their names; no table of OSMod's refers to them, nor they to OSMod's."""
    assert set(OWN_TABLES) == {name for name in Base.metadata.tables if name.startswith("osmod_worker_")}
    for table in Base.metadata.tables.values():
        referred = {key.column.table.name for key in table.foreign_keys}
        assert not referred & set(OWN_TABLES)
        assert table.name not in OWN_TABLES or not referred


@pytest.mark.only_on("mariadb")
def test_text_columns_are_three_bytes_wide(world: World) -> None:
    """The tests' MariaDB has OSMod's character set, so what it cannot hold fails here as in production."""
    columns = {c["name"]: c for c in inspect(world.engine).get_columns("comment_flags")}
    assert isinstance(columns["label"]["type"], CHAR)
    with world.engine.connect() as connection:
        charset = connection.exec_driver_sql(
            "SELECT character_set_name FROM information_schema.columns "
            "WHERE table_schema = DATABASE() AND table_name = 'comment_flags' AND column_name = 'label'"
        )
        assert "utf8mb3" == charset.scalar_one()


def test_errors_show_no_values(engine: Engine) -> None:
    """What a statement was given may be private, and errors go into logs and records."""
    with engine.connect() as connection, pytest.raises(DBAPIError) as raised:
        connection.execute(text("INSERT INTO nowhere VALUES (:who)"), {"who": "reader 4711"})
    assert "4711" not in str(raised.value)
