"""What is changed of a comment, and that it is scored again."""

from __future__ import annotations

import pytest

from osmod.moderation.editing import edit_comment
from osmod.moderation.errors import NotFound
from osmod.moderation.models import Comment, CommentSize
from osmod.moderation.text_size import text_height
from tests.moderation.world import World


def test_what_is_given_is_changed(world: World) -> None:
    """The text as the column can hold it, and of the author what is named; the comment is owed new scores."""
    comment = world.comment(None, text="Before", author={"name": "A", "location": "Here", "avatar": 1})
    done = world.do(lambda work: edit_comment(work, comment, text="After 😀", author_location="There"))
    stored = world.get(Comment, comment)
    assert "After &#128512;" == stored.text
    assert {"name": "A", "location": "There", "avatar": 1} == stored.author
    assert [("sendCommentForScoring", {"comment_id": comment})] == [
        (job.actor, job.arguments) for job in done.owed
    ]


def test_nothing_given(world: World) -> None:
    """The comment stays as it is, and is scored again all the same, as in OSMod."""
    comment = world.comment(None, author="a name that another program wrote")
    before = world.get(Comment, comment)
    assert 1 == len(world.do(lambda work: edit_comment(work, comment)).owed)
    assert (before.text, before.author) == (
        world.get(Comment, comment).text,
        world.get(Comment, comment).author,
    )
    world.do(lambda work: edit_comment(work, comment, author_name="B"))
    assert {"name": "B"} == world.get(Comment, comment).author


def test_its_height(world: World) -> None:
    """Is measured again, for the width that it was measured for."""
    comment = world.comment(None, text="Before")
    world.bulk(CommentSize, [{"comment_id": comment, "width": 100, "height": 24}])
    world.do(lambda work: edit_comment(work, comment, text="words " * 60))
    (size,) = world.all(CommentSize)
    assert (100, text_height("words " * 60, 100)) == (size.width, size.height)


def test_an_unknown_comment(world: World) -> None:
    """Is not found, and nothing is owed."""
    with pytest.raises(NotFound, match=r"^Comment not found, id: 99$"):
        world.do(lambda work: edit_comment(work, 99, text="x"))
