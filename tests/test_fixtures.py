"""The fixtures that the other tests lean on."""

from __future__ import annotations

import pytest
import redis
from sqlalchemy import Engine, inspect, select

from osmod.moderation.database import connect, open_session
from osmod.moderation.migrations import VERSION_TABLE
from osmod.moderation.models import Base, Tag


@pytest.mark.parametrize("turn", [1, 2])
def test_engine_is_fresh(engine: Engine, turn: int) -> None:
    """Each test starts on empty tables, with ids from 1."""
    with open_session(engine) as session:
        assert [] == session.scalars(select(Tag)).all()
        session.add(Tag(label="Toxicity", color="#fff", attribute="TOXICITY"))
        session.commit()
        assert [1] == session.scalars(select(Tag.id)).all()
    assert {*Base.metadata.tables, VERSION_TABLE} == set(inspect(engine).get_table_names())


def test_empty_database(empty_database_url: str) -> None:
    """There is a database without tables."""
    engine = connect(empty_database_url)
    assert [] == inspect(engine).get_table_names()
    engine.dispose()


@pytest.mark.parametrize("turn", [1, 2])
def test_redis_is_fresh(redis_url: str, turn: int) -> None:
    """Each test starts on an empty Redis; keys that expire and the queue's own may stay."""
    with redis.Redis.from_url(redis_url) as client:
        assert [] == client.keys()
        client.set("dramatiq:default", "1")
        client.set("mine", "1", ex=60)
