"""Comments that each get a state of their own are written by one statement, which touches no others."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, text, update

from benchmarks.moderation.scene import counted
from osmod.moderation import updating
from osmod.moderation.models import Comment
from osmod.moderation.state import State, lock_states, write_states
from osmod.moderation.work import Work
from tests.moderation.world import World

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
#: Values of each kind; all differ from what was there before, so that the same columns change of each comment.
VALUES: list[dict[str, Any]] = [
    {"is_accepted": True, "max_summary_score": 0.123456, "max_summary_score_tag_id": 7, "flags_summary": {}},
    {"is_accepted": None, "max_summary_score": 1.0, "max_summary_score_tag_id": None, "flags_summary": None},
    {
        "is_accepted": None,
        "max_summary_score": 1e-5,
        "max_summary_score_tag_id": 4_000_000_000,
        "flags_summary": {'"it\'s" % 😀 \\': [2, 1, 0]},
    },
]


def _before(world: World) -> list[int]:
    article = world.article()
    settled = {"is_accepted": False, "max_summary_score": 0.5, "max_summary_score_tag_id": 9}
    ids = [world.comment(article, flags_summary={"flag": [1, 0, 0]}, **settled) for _ in VALUES]
    world.do(lambda work: work.connection.execute(update(Comment).values(updated_at=LONG_AGO)))
    return ids


def _write(work: Work, ids: list[int]) -> None:
    found = lock_states(work, ids)
    write_states(
        work,
        [
            (found[one], found[one]._replace(is_scored=True, **values))
            for one, values in zip(ids, VALUES, strict=True)
        ],
    )


def _states(world: World, ids: list[int]) -> list[State]:
    found = world.do(lambda work: lock_states(work, ids)).value
    assert found is not None
    return [found[one] for one in ids]


def test_each_has_its_own(world: World) -> None:
    """What was written is what is read, of every kind of column; when it was changed is told, too."""
    ids = _before(world)
    before = _states(world, ids)
    world.do(lambda work: _write(work, ids))
    assert [
        one._replace(is_scored=True, **values) for one, values in zip(before, VALUES, strict=True)
    ] == _states(world, ids)
    assert [] == [one for one in ids if (world.get(Comment, one).updated_at or LONG_AGO) <= LONG_AGO]


def test_more_than_a_statement_takes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest comes with the next one."""
    monkeypatch.setattr(updating, "AT_ONCE", 2)
    ids = _before(world)
    world.do(lambda work: _write(work, ids))
    assert [True] * 3 == [one.is_scored for one in _states(world, ids)]


@pytest.mark.only_on("mariadb")
def test_nobody_elses_rows_are_waited_for(world: World) -> None:
    """Also where the table is so small that the database would rather read all of it."""
    ids, other = _before(world), world.comment(world.article())
    with world.engine.begin() as connection:
        connection.execute(select(Comment.id).where(Comment.id == other).with_for_update())

        def write(work: Work) -> int:
            work.connection.execute(text("SET innodb_lock_wait_timeout = 1"))
            with counted(world.engine) as sent:
                _write(work, ids)
            return sent()

        assert world.do(write).value == 2  # what locks them, and what writes them
