"""Readers' flags: one a reader and comment, summed up on the comment, counted on the article."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from osmod.moderation import flags
from osmod.moderation.decisions import Act
from osmod.moderation.errors import NotFound
from osmod.moderation.models import Article, Comment, CommentFlag
from tests.moderation.world import World

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def test_add(world: World) -> None:
    """A flag and a recommendation are summed up by label and counted as unresolved."""
    article = world.article()
    comment = world.comment(article)
    world.do(lambda work: flags.add_flags(work, [flags.Said("spam", f"c{comment}", "ann", {"why": "rude"})]))
    world.do(lambda work: flags.add_flags(work, [flags.Said("recommendation", f"c{comment}", "bob")]))
    assert {"spam": [1, 1, 0], "recommendation": [1, 1, 1]} == world.get(Comment, comment).flags_summary
    assert 2 == world.get(Comment, comment).unresolved_flags_count
    assert [({"why": "rude"}, False), (None, True)] == [
        (flag.extra, flag.is_recommendation) for flag in world.all(CommentFlag)
    ]
    assert {"all_count": 1, "unprocessed_count": 1, "flagged_count": 1} == world.counts_of(Article, article)


def test_a_second_flag_only_replaces_extra(world: World) -> None:
    """One flag a reader: a second one keeps the label, and `extra` too unless it is given (fact 8)."""
    comment = world.comment(world.article())
    for extra in ({"a": 1}, flags.UNSET):
        world.do(
            lambda work, extra=extra: flags.add_flags(work, [flags.Said("spam", f"c{comment}", "ann", extra)])
        )
        assert [("spam", {"a": 1})] == [(flag.label, flag.extra) for flag in world.all(CommentFlag)]
    world.do(lambda work: flags.add_flags(work, [flags.Said("recommendation", f"c{comment}", "ann", None)]))
    assert [("spam", None)] == [(flag.label, flag.extra) for flag in world.all(CommentFlag)]


@pytest.mark.parametrize(
    ("extra", "touched"),
    [(flags.UNSET, True), ({"a": 2}, True), (None, True), ({"a": 1}, False)],
)
def test_when_a_second_flag_renews_updated_at(world: World, extra: Any, touched: bool) -> None:
    """As Sequelize does: with another `extra`, and with none given, which it saves without; not with the same."""
    comment = world.comment(world.article())
    world.do(lambda work: flags.add_flags(work, [flags.Said("spam", f"c{comment}", "ann", {"a": 1})]))
    with world.engine.begin() as connection:
        connection.execute(update(CommentFlag).values(updated_at=LONG_AGO))
    world.do(lambda work: flags.add_flags(work, [flags.Said("spam", f"c{comment}", "ann", extra)]))
    (flag,) = world.all(CommentFlag)
    assert ({"a": 1} if extra is flags.UNSET else extra, touched) == (flag.extra, flag.updated_at > LONG_AGO)


@pytest.mark.parametrize(("first", "second"), [(1, True), (False, 0), ([0], [False])])
def test_truth_values_are_no_numbers(world: World, first: object, second: object) -> None:
    """To Python 1 is True, to JSON it is not: a second flag that says the one for the other is kept."""
    comment = world.comment(world.article())
    for value in (first, second):
        extra = {"a": value}
        world.do(
            lambda work, extra=extra: flags.add_flags(work, [flags.Said("spam", f"c{comment}", "ann", extra)])
        )
    assert [repr({"a": second})] == [repr(flag.extra) for flag in world.all(CommentFlag)]


@pytest.mark.parametrize(
    ("extra", "stored"), [({}, {}), ([], []), ([0], [0]), (0, None), ("", None), (False, None), (None, None)]
)
def test_the_extra_of_a_first_flag(world: World, extra: object, stored: object) -> None:
    """OSMod stores null for what JavaScript takes for false; an empty object or list it does not."""
    comment = world.comment(world.article())
    world.do(lambda work: flags.add_flags(work, [flags.Said("spam", f"c{comment}", "ann", extra)]))
    assert [stored] == [flag.extra for flag in world.all(CommentFlag)]


@pytest.mark.parametrize("again", ["ann", "ANN", "Änn", "ann  "])
def test_readers_are_told_apart_as_the_database_does(world: World, again: str) -> None:
    """Case, accents and trailing blanks make no other reader: OSMod finds a reader's flag by its collation."""
    comment = world.comment(world.article())
    world.do(lambda work: flags.add_flags(work, [flags.Said("spam", f"c{comment}", "ann")]))
    world.do(lambda work: flags.add_flags(work, [flags.Said("spam", f"c{comment}", again)]))
    assert ["ann"] == [flag.source_id for flag in world.all(CommentFlag)]
    world.do(lambda work: flags.revoke_flags(work, [flags.Said("", f"c{comment}", again)]))
    assert [] == world.all(CommentFlag)


def test_summary_speaks_of_labels_as_stored(world: World) -> None:
    """Trailing blanks of a label are not kept by the database, so the summary does not show them either."""
    comment = world.comment(world.article())
    world.do(lambda work: flags.add_flags(work, [flags.Said("spam  ", f"c{comment}", "ann")]))
    world.do(lambda work: flags.add_flags(work, [flags.Said("spam", f"c{comment}", "bob")]))
    assert {"spam": [2, 2, 0]} == world.get(Comment, comment).flags_summary


def test_revoke(world: World) -> None:
    """Taking back removes the reader's flag whatever its label, and nobody else's."""
    article = world.article()
    comment = world.comment(article)
    for reader in ("ann", "bob"):
        world.do(
            lambda work, reader=reader: flags.add_flags(work, [flags.Said("spam", f"c{comment}", reader)])
        )
    world.do(lambda work: flags.revoke_flags(work, [flags.Said("", f"c{comment}", "ann")]))
    assert ["bob"] == [flag.source_id for flag in world.all(CommentFlag)]
    assert {"spam": [1, 1, 0]} == world.get(Comment, comment).flags_summary
    world.do(lambda work: flags.revoke_flags(work, [flags.Said("", f"c{comment}", "bob")]))
    assert ({}, 0) == (
        world.get(Comment, comment).flags_summary,
        world.get(Comment, comment).unresolved_flags_count,
    )
    assert {"all_count": 1, "unprocessed_count": 1} == world.counts_of(Article, article)


def test_resolve(world: World) -> None:
    """Resolved flags stay, with who resolved them and when; a later flag of another reader is open again."""
    article = world.article()
    comment = world.comment(article)
    moderator = world.user()
    world.do(lambda work: flags.add_flags(work, [flags.Said("spam", f"c{comment}", "ann")]))
    world.do(lambda work: flags.resolve_flags(work, [Act(comment, moderator)]))
    (flag,) = world.all(CommentFlag)
    assert (True, moderator) == (flag.is_resolved, flag.resolved_by_id)
    assert flag.resolved_at is not None
    assert {"spam": [1, 0, 0]} == world.get(Comment, comment).flags_summary
    world.do(lambda work: flags.add_flags(work, [flags.Said("spam", f"c{comment}", "ann", {})]))
    assert 0 == world.get(Comment, comment).unresolved_flags_count, "a repeated flag does not reopen"
    world.do(lambda work: flags.add_flags(work, [flags.Said("spam", f"c{comment}", "bob")]))
    assert {"spam": [2, 1, 0]} == world.get(Comment, comment).flags_summary
    assert {"all_count": 1, "unprocessed_count": 1, "flagged_count": 1} == world.counts_of(Article, article)


def test_resolve_looks_up_the_user_late(world: World) -> None:
    """Without an open flag an unknown user goes unnoticed, as in OSMod; with one it is refused."""
    comment = world.comment(world.article())
    world.do(lambda work: flags.resolve_flags(work, [Act(comment, 99)]))
    world.do(lambda work: flags.add_flags(work, [flags.Said("spam", f"c{comment}", "ann")]))
    with pytest.raises(NotFound, match=r"^User not found, id: 99$"):
        world.do(lambda work: flags.resolve_flags(work, [Act(comment, 99)]))
    with pytest.raises(NotFound, match=r"^No such comment 77$"):
        world.do(lambda work: flags.resolve_flags(work, [Act(77, None)]))


def test_flags_of_a_comment_without_article(world: World) -> None:
    """A comment without article can be flagged; there is nothing to count it on."""
    comment = world.comment(None)
    world.do(lambda work: flags.add_flags(work, [flags.Said("spam", f"c{comment}", "ann")]))
    assert 1 == world.get(Comment, comment).unresolved_flags_count


def test_the_same_reader_from_many_workers_at_once(world: World) -> None:
    """A reader's flag that arrives twice at the same moment is one flag, counted once."""
    article = world.article()
    comment = world.comment(article)
    start = threading.Barrier(4)

    def flag() -> None:
        start.wait()
        world.do(lambda work: flags.add_flags(work, [flags.Said("spam", f"c{comment}", "ann", {"a": 1})]))

    threads = [threading.Thread(target=flag) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 == world.size(CommentFlag)
    assert {"spam": [1, 1, 0]} == world.get(Comment, comment).flags_summary
    assert [] == world.miscounted()
