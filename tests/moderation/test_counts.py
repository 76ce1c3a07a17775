"""The counts that moderators see: right for any comment, carried by differences, repaired by a recount."""

from __future__ import annotations

import itertools
import random
import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event

from osmod.moderation import counts, decisions, flags, recounting
from osmod.moderation.database import open_session
from osmod.moderation.models import COUNTS, Article, Category, Comment, CommentFlag, Status
from osmod.moderation.recounting import Correction
from osmod.moderation.work import Work
from tests.moderation.waiting import in_thread
from tests.moderation.world import World

MAYBE = st.none() | st.booleans()
STATES = st.fixed_dictionaries(
    {
        "is_scored": st.booleans(),
        "is_moderated": st.booleans(),
        "is_accepted": MAYBE,
        "is_deferred": MAYBE,
        "is_highlighted": MAYBE,
        "is_batch_resolved": MAYBE,
        "unresolved_flags_count": st.integers(0, 2),
    }
)
ANY_DATABASE = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def rows(article: int, states: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Comments in these states."""
    told = {"article_id": article, "source_id": "c", "author_source_id": "ann", "text": "x", "author": {}}
    return [told | state for state in states]


def recount(world: World, *, dry_run: bool = False) -> list[Correction]:
    """Count all again; say what was off."""
    with open_session(world.engine) as session:
        return list(recounting.recount(session, dry_run=dry_run))


def test_every_state_is_counted_alike(world: World) -> None:
    """One comment's standing and the count of a whole article agree on every state a comment can be in."""
    names = ("is_accepted", "is_deferred", "is_highlighted", "is_batch_resolved", "is_scored", "is_moderated")
    values = [(None, False, True)] * 4 + [(False, True)] * 2
    states = [
        dict(zip(names, state, strict=True)) | {"unresolved_flags_count": flags}
        for state in itertools.product(*values)
        for flags in (0, 2)
    ]
    article = world.article()
    world.bulk(Comment, rows(article, states))
    expected = dict.fromkeys(COUNTS, 0)
    for comment in world.all(Comment):
        for name, counted in counts.standing(comment).items():
            expected[name] += counted
    recount(world)
    assert {name: n for name, n in expected.items() if n} == world.counts_of(Article, article)
    assert len(states) == expected["all_count"]


@ANY_DATABASE
@given(st.lists(STATES, max_size=5), st.lists(STATES, min_size=5, max_size=5))
def test_moving_is_recounting(
    world: World, states: list[dict[str, Any]], later: list[dict[str, Any]]
) -> None:
    """Comments that arrive and change, moved one by one, leave what a recount finds."""
    with world.engine.begin() as connection:
        for model in (Comment, Article, Category):
            connection.execute(delete(model))
    article = world.article(world.category())
    comments = [world.comment(article, **state) for state in states]
    for number, state in zip(comments, later, strict=False):

        def change(work: Any, number: int = number, state: dict[str, Any] = state) -> None:
            comment = work.session.get_one(Comment, number)
            before = counts.standing(comment)
            for name, value in state.items():
                setattr(comment, name, value)
            work.session.flush()
            counts.move(work, work.session.get_one(Article, article), before, counts.standing(comment))

        world.do(change)
    assert [] == recount(world, dry_run=True)


def test_move_stops_at_0(world: World) -> None:
    """A count that another program left too low stops at 0: the task succeeds, a recount repairs it."""
    article = world.article(world.category())
    comment = world.comment(article, is_accepted=True, is_moderated=True)
    with world.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE articles SET approvedCount = 0, allCount = 0")
    world.do(lambda work: decisions.decide(work, "Reject", [decisions.Act(comment, None)]))
    assert {"unprocessed_count": 1, "rejected_count": 1} == world.counts_of(Article, article)
    assert [Correction("articles", article, "all_count", 0, 1)] == recount(world)


def test_move_without_difference_writes_nothing(world: World) -> None:
    """A task that changes no standing leaves article and category alone."""
    article = world.article(world.category())
    comment = world.comment(article, is_accepted=True, is_moderated=True)
    committed = world.do(lambda work: decisions.decide(work, "Accept", [decisions.Act(comment, None)]))
    assert () == tuple(change for change in committed.changes if change[0] != "comment")


def test_recount_reports_and_repairs(world: World) -> None:
    """A recount names what was off, in which row, and leaves it right; a dry run changes nothing."""
    category = world.category()
    article = world.article(category)
    world.comment(article, is_scored=True)
    assert [] == recount(world)
    with world.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE articles SET allCount = 7, batchedCount = 2")
        connection.exec_driver_sql("UPDATE categories SET unmoderatedCount = 0")
    off = [
        Correction("articles", article, "all_count", 7, 1),
        Correction("articles", article, "batched_count", 2, 0),
        Correction("categories", category, "unmoderated_count", 0, 1),
    ]
    before = world.dump()
    assert off == recount(world, dry_run=True)
    assert before == world.dump()
    assert off == recount(world)
    assert [] == recount(world)


def test_recount_of_what_is_deleted_meanwhile(world: World) -> None:
    """An article or a category that goes away while all are counted is passed over."""
    first = world.article(all_count=1)
    article, category = world.article(all_count=2), world.category(all_count=3)
    with open_session(world.engine) as session:
        corrections = recounting.recount(session)
        assert Correction("articles", first, "all_count", 1, 0) == next(corrections)
        with world.engine.begin() as connection:
            connection.exec_driver_sql(f"DELETE FROM articles WHERE id = {article}")
            connection.exec_driver_sql(f"DELETE FROM categories WHERE id = {category}")
        assert [] == list(corrections)


@pytest.mark.only_on("mariadb")
@pytest.mark.parametrize("seed", [1, 2])
def test_recount_while_workers_write(world: World, seed: int) -> None:
    """Counts stay exact while they are recounted again and again under working tasks."""
    article = world.article(world.category())
    comments = [world.comment(article, is_scored=True) for _ in range(6)]
    done = threading.Event()
    off: list[Correction] = []

    def work(number: int) -> None:
        chance = random.Random(seed * 100 + number)
        statuses: list[Status] = ["Accept", "Reject", "Defer"]
        for turn in range(25):
            comment, status = chance.choice(comments), chance.choice(statuses)
            if turn % 3:
                world.do(lambda w, c=comment, s=status: decisions.decide(w, s, [decisions.Act(c, None)]))
            else:
                reader = f"r{chance.randrange(3)}"
                world.do(lambda w, c=comment, r=reader: flags.add_flags(w, [flags.Said("spam", f"c{c}", r)]))

    def count() -> None:
        while not done.is_set():
            off.extend(recount(world))

    workers = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    counter = threading.Thread(target=count)
    for thread in (counter, *workers):
        thread.start()
    for thread in workers:
        thread.join()
    done.set()
    counter.join()
    assert [] == off, "no recount saw a count that was wrong"
    assert [] == recount(world)
    assert world.size(CommentFlag) > 0


def test_counts_are_moved_once(world: World) -> None:
    """Many comments in one transaction move each count once, at its end, articles before categories."""
    articles = [world.article(world.category()), world.article(world.category())]
    comments = [world.comment(articles[number % 2]) for number in range(6)]
    sent: list[str] = []
    event.listen(world.engine, "before_cursor_execute", lambda _c, _cursor, sql, *_: sent.append(sql))

    def effect(work: Work) -> None:
        for comment in comments:
            decisions.decide(work, "Accept", [decisions.Act(comment, None)])

    world.do(effect)
    counted = [sql.split()[1] for sql in sent if sql.startswith(("UPDATE articles", "UPDATE categories"))]
    assert ["articles", "articles", "categories", "categories"] == counted
    assert [] == world.miscounted()
    assert {"all_count": 3, "unprocessed_count": 3, "approved_count": 3} == world.counts_of(
        Article, articles[0]
    )


@pytest.mark.only_on("mariadb")
def test_two_transactions_on_the_same_articles(world: World) -> None:
    """Whatever the order in which they come to them, none of two transactions waits for one that waits for it."""
    articles = [world.article(world.category()) for _ in range(2)]
    mine, others = ([world.comment(article) for article in articles] for _ in range(2))
    meeting = threading.Barrier(2)
    tries: list[int] = []

    def accept(first: int, second: int) -> None:
        def effect(work: Work) -> None:
            tries.append(first)
            decisions.decide(work, "Accept", [decisions.Act(first, None)])
            meeting.wait(120)
            decisions.decide(work, "Accept", [decisions.Act(second, None)])

        world.do(effect)

    with in_thread(lambda: accept(*mine)) as one, in_thread(lambda: accept(*reversed(others))) as other:
        one.result()
        other.result()
    assert [] == world.miscounted()
    assert 2 == len(tries)
