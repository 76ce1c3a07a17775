"""Comments taken in from a publisher: each once, counted, linked, and sent for scoring when it is new or changed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, event
from sqlalchemy.exc import IntegrityError

from osmod.moderation import sources
from osmod.moderation.database import open_session
from osmod.moderation.incoming import IncomingComment
from osmod.moderation.intake import Taken, take_in
from osmod.moderation.models import Article, Category, Comment, CommentSize, CommentSource, OutboxEntry
from osmod.moderation.text_size import text_height
from tests.moderation.world import World
from tests.sqlite_steps import steps

AUTHOR = {"sourceId": "ann", "name": "Ann"}
ARTICLE = {"sourceId": "a1", "category": {"sourceId": "sport"}}


def incoming(source_id: str = "c1", **fields: Any) -> IncomingComment:
    """A comment as it is sent."""
    told = {"sourceId": source_id, "text": "Well said", "author": AUTHOR, "article": ARTICLE}
    return IncomingComment.model_validate(told | fields)


def take(world: World, *comments: IncomingComment) -> dict[str, Taken]:
    """Take comments in, in one transaction."""
    taken = world.do(lambda work: take_in(work, comments)).value
    assert taken is not None
    return taken


def owed(world: World) -> list[int]:
    """The comments that wait to be sent for scoring."""
    entries = world.all(OutboxEntry)
    assert {"sendCommentForScoring"} >= {entry.actor for entry in entries}
    return [entry.arguments["comment_id"] for entry in entries if entry.arguments]


def test_new(world: World) -> None:
    """A comment comes with its article and category; all are made, counted and measured."""
    taken = take(world, incoming(author=AUTHOR | {"location": "Utrecht"}), incoming("c2"))
    assert {"c1": "created", "c2": "created"} == {key: one.change for key, one in taken.items()}
    (article,), (category,) = world.all(Article), world.all(Category)
    assert ("a1", "a1", category.id, "sport") == (
        article.source_id,
        article.title,
        article.category_id,
        category.label,
    )
    assert {"all_count": 2, "unprocessed_count": 2} == world.counts_of(Article, article.id)
    assert [] == world.miscounted()
    comment = world.get(Comment, taken["c1"].comment_id)
    assert {"name": "Ann", "location": "Utrecht"} == comment.author
    assert ("ann", article.id, False) == (comment.author_source_id, comment.article_id, comment.is_scored)
    assert [text_height("Well said")] * 2 == [size.height for size in world.all(CommentSize)]
    assert sorted(one.comment_id for one in taken.values()) == owed(world)


@pytest.mark.only_on("sqlite")
def test_what_sqlite_does_does_not_grow(world: World) -> None:
    """A comment among 4,000 takes as many steps as one among 100."""

    def taken_with(stored: int) -> int:
        with steps(world.engine) as count:
            take(world, *(incoming(f"{stored}/{number}") for number in range(10)))
        return count()

    take(world, *(incoming(f"first {number}") for number in range(100)))
    among_few = taken_with(100)
    take(world, *(incoming(f"then {number}") for number in range(4_000)))
    assert taken_with(4_000) < 1.5 * among_few


def test_the_same_again(world: World) -> None:
    """Changes nothing and queues nothing."""
    first = take(world, incoming(text="a 😀 b", createdAt="2026-01-01T00:00:00Z"))
    before = world.dump()
    again = take(world, incoming(text="a 😀 b", createdAt="2026-01-01T00:00:00Z"))
    assert Taken(first["c1"].comment_id, "unchanged") == again["c1"]
    assert before == world.dump()


def test_an_edit(world: World) -> None:
    """Another text is stored, measured and scored; counts and decisions stand."""
    first = take(world, incoming(), incoming("c2"))
    text = "Well said.\nOr not"
    assert Taken(first["c1"].comment_id, "updated") == take(world, incoming(text=text))["c1"]
    assert text == world.get(Comment, first["c1"].comment_id).text
    assert text_height(text) == world.get(CommentSize, first["c1"].comment_id).height
    assert [*sorted(one.comment_id for one in first.values()), first["c1"].comment_id] == owed(world)
    assert [] == world.miscounted()


def test_ids_are_exact(world: World) -> None:
    """Publishers tell their ids apart by case and accents, if OSMod's collation does not."""
    taken = take(world, incoming("c"), incoming("C"), incoming("ç"))
    assert 3 == len({one.comment_id for one in taken.values()})
    assert "unchanged" == take(world, incoming("C"))["C"].change


def test_answers(world: World) -> None:
    """Linked to what they answer, whichever comes first."""
    early = take(world, incoming("c1", replyToSourceId="c2"))
    late = take(
        world, incoming("c2"), incoming("c3", replyToSourceId="c4"), incoming("c4", replyToSourceId="c1")
    )
    ids = {key: one.comment_id for key, one in (early | late).items()}
    parents = {key: world.get(Comment, comment_id).reply_id for key, comment_id in ids.items()}
    assert {"c1": ids["c2"], "c2": None, "c3": ids["c4"], "c4": ids["c1"]} == parents


def test_places(world: World) -> None:
    """An article or category that is there is used; a category also by its label."""
    category = world.category(source_id="news")
    labelled = world.add(Category(label="Sport"))
    article = world.article(category, source_id="old")
    take(
        world,
        incoming("c1", article={"sourceId": "OLD", "title": "Another"}),
        incoming("c2", article={"sourceId": "new", "category": {"sourceId": "news", "label": "Other"}}),
        incoming("c3", article={"sourceId": "game", "category": {"sourceId": "s", "label": "sport"}}),
        incoming("c4", article={"sourceId": "stray"}),
    )
    found = {one.source_id: one.category_id for one in world.all(Article)}
    assert {"old": category, "new": category, "game": labelled, "stray": None} == found
    assert 1 == world.get(Article, article).all_count
    assert [] == world.miscounted()


def test_articles_that_the_database_takes_for_one(world: World) -> None:
    """Whatever its collation holds for equal, each comment finds its article."""
    take(
        world,
        *(
            incoming(f"c{place}", article={"sourceId": name})
            for place, name in enumerate(["mas", "maß", "Mäs"])
        ),
    )
    assert 3 == sum(one.all_count for one in world.all(Article))


def test_an_id_whose_comment_is_gone(world: World) -> None:
    """Another program deleted it: the id can be used again."""
    take(world, incoming())
    with open_session(world.engine) as session:
        session.execute(delete(Comment))
        session.commit()
    assert "created" == take(world, incoming())["c1"].change


def test_at_the_same_time(world: World) -> None:
    """Of two who store one comment, the second is told so, and stores nothing."""
    comment = incoming()

    def late(work: Any) -> None:
        take_in(work, [comment])
        sources.remember(work.session, {"c1": 1})

    with pytest.raises(IntegrityError):
        world.do(late)
    assert (0, 0, 0) == (world.size(Comment), world.size(CommentSource), world.size(OutboxEntry))


def test_comments_of_other_programs(world: World) -> None:
    """One that is there already is known once its first step was taken; a single one is found before."""
    comment_id = world.comment(world.article(), source_id="theirs")
    with open_session(world.engine) as session:
        assert comment_id == sources.find_comment_id(session, "theirs")
        assert sources.find_comment_id(session, "nobody's") is None
        assert {} == sources.find_comment_ids(session, ["theirs"])
        sources.remember_all(session.connection())
        assert {"theirs": comment_id} == sources.find_comment_ids(session, ["theirs", "nobody's"])


def test_statements(world: World) -> None:
    """A batch of 200 new comments costs as many statements as one of 2, but for the rows that are written together."""

    def cost(comments: list[IncomingComment]) -> int:
        said: list[str] = []
        listen = lambda *event: said.append(event[2])  # noqa: E731
        event.listen(world.engine, "before_cursor_execute", listen)
        take(world, *comments)
        event.remove(world.engine, "before_cursor_execute", listen)
        return len(said)

    few = cost([incoming(f"few{number}") for number in range(2)])
    assert few >= cost([incoming(f"many{number}") for number in range(200)])
    assert 20 > few
