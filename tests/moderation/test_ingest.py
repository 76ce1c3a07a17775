"""A new comment's first step: stored whole, counted once, linked to the comment it answers."""

from __future__ import annotations

from typing import Any

import pytest

from osmod.moderation import ingest
from osmod.moderation.errors import BadPayload, NotFound
from osmod.moderation.models import Article, Category, Comment, CommentSize
from osmod.moderation.text_size import text_height
from tests.moderation.world import World


def add(world: World, article: int | None = None, **fields: Any) -> Comment:
    """Take in a comment."""
    told = {"source_id": "c1", "text": "Well said", "author": {"name": "Ann"}, "author_source_id": "ann"}
    comment = world.do(lambda work: ingest.add_comment(work, article_id=article, **(told | fields))).value
    assert comment is not None
    return comment


def test_add_comment(world: World) -> None:
    """A new comment is counted on its article and category, and measured."""
    category = world.category()
    article = world.article(category)
    comment = add(world, article)
    assert {"all_count": 1, "unprocessed_count": 1} == world.counts_of(Article, article)
    assert {"all_count": 1, "unprocessed_count": 1} == world.counts_of(Category, category)
    (size,) = world.all(CommentSize)
    assert (comment.id, 696, text_height("Well said", 696)) == (size.comment_id, size.width, size.height)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("plain é ☃", "plain é ☃"),
        ("a 😀 b", "a &#128512; b"),
        ("half \ud83d of a pair", "half \ufffd of a pair"),
        ("\ud83d\ude00", "\ufffd\ufffd"),
    ],
)
def test_no_text_is_lost(world: World, text: str, stored: str) -> None:
    """Characters that OSMod's column cannot hold are written as character references."""
    comment = add(world, world.article(), text=text)
    assert stored == world.get(Comment, comment.id).text


@pytest.mark.parametrize("field", ["source_id", "author_source_id", "reply_to_source_id"])
def test_ids_that_cannot_be_stored(world: World, field: str) -> None:
    """An id cannot be rewritten: one that the column cannot hold is refused by name, and nothing is stored."""
    article = world.article()
    before = world.dump()
    name = {"source_id": "sourceId", "author_source_id": "authorSourceId"}.get(field, "replyToSourceId")
    for value, message in [
        (
            "x😀",
            f"{name}: OSMod's column cannot hold '😀': it is utf8mb3, three bytes a character; "
            "send it without (it is 'x😀')",
        ),
        ("x" * 256, f"{name}: an id has 1 to 255 characters (it is '{'x' * 79})"),
        ("", f"{name}: an id has 1 to 255 characters (it is '')"),
    ]:
        with pytest.raises(BadPayload) as refused:
            add(world, article, **{field: value})
        assert message == str(refused.value)
    assert before == world.dump()


def test_reply(world: World) -> None:
    """An answer is linked to the comment it answers, to the oldest of that name; else to none."""
    article = world.article()
    parent = add(world, article, source_id="parent")
    add(world, article, source_id="parent")
    answer = add(world, article, source_id="answer", reply_to_source_id="parent")
    orphan = add(world, article, source_id="orphan", reply_to_source_id="gone")
    assert (parent.id, None) == (
        world.get(Comment, answer.id).reply_id,
        world.get(Comment, orphan.id).reply_id,
    )


def test_counted_once(world: World) -> None:
    """A comment whose first step is asked for again, by whatever job, is not counted again."""
    article = world.article()
    comment = add(world, article)
    before = world.dump()
    world.do(lambda work: ingest.post_process(work, comment.id))
    assert before == world.dump()


def test_stored_by_another_program(world: World) -> None:
    """A comment that OSMod's server stored is counted by its first step, once."""
    article = world.article()
    comment = world.add(
        Comment(source_id="c", article_id=article, author_source_id="ann", text="x", author={})
    )
    for _ in range(2):
        world.do(lambda work: ingest.post_process(work, comment))
        assert {"all_count": 1, "unprocessed_count": 1} == world.counts_of(Article, article)
    assert [] == world.miscounted()


def test_without_article(world: World) -> None:
    """A comment without article is measured; there is nothing to count it on."""
    comment = add(world, None)
    assert [comment.id] == [size.comment_id for size in world.all(CommentSize)]


def test_unknown_comment(world: World) -> None:
    """An unknown comment is refused by its id."""
    with pytest.raises(NotFound, match=r"^Comment not found, id: 99$"):
        world.do(lambda work: ingest.post_process(work, 99))
