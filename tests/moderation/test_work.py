"""One job, one transaction: once however often it is delivered, all or nothing whatever happens to it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from osmod.moderation import decisions
from osmod.moderation.models import Comment, Decision, InboxEntry, OutboxEntry
from osmod.moderation.work import Delivery, Work
from tests.moderation.waiting import in_thread, until_waiting
from tests.moderation.world import World

DELIVERY = Delivery("0123-45", "acceptComments")
ROOT = Path(__file__).parents[2]


def accept(comment: int) -> Callable[[Work], None]:
    """The effect of `acceptComments`."""
    return lambda work: decisions.decide(work, "Accept", [decisions.Act(comment, None)])


def test_once_however_often(world: World) -> None:
    """N deliveries of a job leave one effect, one inbox row, and say so."""
    comment = world.comment(world.article())
    repeated = [world.do(accept(comment), DELIVERY).repeated for _ in range(4)]
    assert [False, True, True, True] == repeated
    assert 1 == world.size(Decision)
    assert [("0123-45", "acceptComments")] == [(row.message_id, row.actor) for row in world.all(InboxEntry)]


def test_other_jobs_are_other_jobs(world: World) -> None:
    """Jobs with ids of their own all take effect; without a job there is no inbox row."""
    comment = world.comment(world.article())
    for deliveries in ([Delivery("a", "x")], [Delivery("b", "x")], [], []):
        world.do(accept(comment), *deliveries)
    assert 4 == world.size(Decision)
    assert ["a", "b"] == [row.message_id for row in world.all(InboxEntry)]


def test_a_refusal_leaves_nothing(world: World) -> None:
    """What an effect raises undoes all of it, the inbox row too, and is raised: the job may come again."""
    comment = world.comment(world.article())
    before = world.dump()

    def fail(work: Work) -> None:
        accept(comment)(work)
        work.enqueue("hook", comment_id=comment)
        raise ZeroDivisionError("after everything was written")

    with pytest.raises(ZeroDivisionError, match=r"^after everything was written$"):
        world.do(fail, DELIVERY)
    assert before == world.dump()
    assert not world.do(accept(comment), DELIVERY).repeated


def test_two_deliveries_at_once(world: World) -> None:
    """The second of two simultaneous deliveries waits for the first, then does nothing."""
    comment = world.comment(world.article())
    with (
        in_thread(lambda: world.do(accept(comment), DELIVERY)) as one,
        in_thread(lambda: world.do(accept(comment), DELIVERY)) as other,
    ):
        assert {False, True} == {one.result().repeated, other.result().repeated}
    assert 1 == world.size(Decision)


@pytest.mark.only_on("mariadb")
def test_a_delivery_waits_for_one_that_fails(world: World) -> None:
    """Where the first of two simultaneous deliveries fails, the second takes effect."""
    comment = world.comment(world.article())
    entered, may_fail = threading.Event(), threading.Event()

    def fail(work: Work) -> None:
        accept(comment)(work)
        entered.set()
        assert may_fail.wait(120)
        raise ZeroDivisionError

    with in_thread(lambda: world.do(fail, DELIVERY)) as first:
        assert entered.wait(120)
        with in_thread(lambda: world.do(accept(comment), DELIVERY)) as second:
            until_waiting(world.engine, 1)
            may_fail.set()
        assert not second.result().repeated
        assert isinstance(first.exception(), ZeroDivisionError)
    assert 1 == world.size(Decision)


def test_changes_are_told_once(world: World) -> None:
    """A commit says which comments, articles and categories it changed, each once, and nothing else."""
    category = world.category()
    article = world.article(category)
    comment = world.comment(article)
    changed = world.do(accept(comment)).changes
    assert {
        ("comment", "modify", comment),
        ("article", "modify", article),
        ("category", "modify", category),
    } == set(changed)
    assert len(changed) == len(set(changed))
    assert () == world.do(lambda work: work.session.get(Comment, comment)).changes


def test_create_and_delete_are_told(world: World) -> None:
    """New and deleted rows are told of, too."""
    article = world.article()
    row = Comment(source_id="c", article_id=article, author_source_id="ann", text="x", author={})
    assert (("comment", "create", 1),) == world.do(lambda work: work.session.add(row)).changes
    assert (("comment", "delete", 1),) == world.do(
        lambda work: work.session.delete(work.session.get_one(Comment, 1))
    ).changes


def test_owed_jobs_have_the_same_id_on_every_delivery(world: World) -> None:
    """What a job owes is in the outbox with an id of its own that does not change when the job is tried again."""

    def owe(work: Work) -> None:
        work.enqueue("first", a=1)
        work.enqueue("second", b="é😀")

    def fail(work: Work) -> None:
        owe(work)
        seen.extend(job.message_id for job in work.owed)
        raise ZeroDivisionError

    seen: list[str] = []
    with pytest.raises(ZeroDivisionError):
        world.do(fail, DELIVERY)
    owed = world.do(owe, DELIVERY).owed
    assert seen == [job.message_id for job in owed]
    assert 2 == len(set(seen))
    assert [("first", {"a": 1}), ("second", {"b": "é😀"})] == [
        (row.actor, row.arguments) for row in world.all(OutboxEntry)
    ]
