"""What waits for a person: which comments, in which order, how many, however many there are."""

from __future__ import annotations

from typing import Any

import pytest

from osmod.moderation.database import open_session
from osmod.moderation.desk import queues, standing, waiting
from osmod.moderation.desk.histogram import histogram
from osmod.moderation.desk.queues import NO_CATEGORY, Plan, Wanted
from osmod.moderation.desk.standing import Standing
from osmod.moderation.desk.waiting import Place, Viewer
from osmod.moderation.models import Claim, CommentSummaryScore, now
from tests.moderation.world import World

SCORED = {"is_scored": True}


def ids(world: World, wanted: Wanted, viewer: Viewer | None = None, **asked: Any) -> list[int]:
    """The comments of one page."""
    with open_session(world.engine) as session:
        page = waiting.page(session, wanted, viewer, **({"limit": 50} | asked))
        return [place.comment_id for place in page.places]


def place(world: World, wanted: Wanted, comment_id: int) -> Place | None:
    """Where a comment stands."""
    with open_session(world.engine) as session:
        return waiting.place_of(session, wanted, comment_id)


def size(world: World, wanted: Wanted) -> tuple[int, int | None]:
    """How many are meant; if not all were looked at, of how many of the newest."""
    with open_session(world.engine) as session:
        found = histogram(session, wanted)
        return found.chosen, found.of_newest


def how_many(world: World, wanted: Wanted) -> int:
    """How many wait by the counts."""
    with open_session(world.engine) as session:
        found = queues.standing_size(session, wanted)
    assert not found.more
    return found.count


@pytest.fixture(params=["few", "many", "by article"])
def load(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """All ways to look: at all that waits, from the highest score on, by articles."""
    if request.param != "few":
        monkeypatch.setattr(queues, "FEW", 1)
        monkeypatch.setattr(queues, "ROWS", 100 if request.param == "by article" else 0)
        monkeypatch.setattr(waiting, "WALKS", (2, 100))
    return str(request.param)


def test_the_highest_first_in_pages_both_ways(world: World, load: str) -> None:
    """Each once, equal scores by id; the pages before a place are the same ones."""
    article = world.article(world.category())
    scores = (0.1, 0.9, 0.5, 0.5, 0.123456789, 0.7)
    made = [world.comment(article, **SCORED, max_summary_score=score) for score in scores]
    world.comment(article, **SCORED, max_summary_score=0.95, is_moderated=True, is_accepted=False)
    world.comment(article, max_summary_score=0.95)
    in_order = [made[index] for index in (1, 5, 3, 2, 4, 0)]

    first = ids(world, Wanted(), limit=3)
    second = ids(world, Wanted(), limit=3, beyond=place(world, Wanted(), first[-1]))
    before = ids(world, Wanted(), limit=2, beyond=place(world, Wanted(), second[0]), backwards=True)

    assert in_order == first + second
    assert [in_order[2], in_order[1]] == before


def test_scores_and_articles_narrow(world: World, load: str) -> None:
    """Bounds are inclusive as they are typed, whatever single precision made of the scores."""
    politics, sports = world.category(), world.category()
    here, there = world.article(politics), world.article(sports)
    low = world.comment(here, **SCORED, max_summary_score=0.7)
    high = world.comment(there, **SCORED, max_summary_score=0.8)
    loose = world.comment(world.article(), **SCORED, max_summary_score=0.1)

    assert [high, low] == ids(world, Wanted(lower=0.7, upper=0.8), limit=2)
    assert [low] == ids(world, Wanted(lower=0.6, upper=0.7), limit=1)
    assert [low] == ids(world, Wanted(category_id=politics), limit=1)
    assert [loose] == ids(world, Wanted(category_id=NO_CATEGORY), limit=1)
    assert [high] == ids(world, Wanted(article_id=there), limit=1)


def test_what_has_no_score_comes_last(world: World) -> None:
    """It was deferred because its scorer stayed away, so a person sees it all the same."""
    article = world.article()
    unscored = world.comment(article, is_moderated=True, is_deferred=True)
    scored = world.comment(article, **SCORED, is_moderated=True, is_deferred=True, max_summary_score=0.2)
    wanted = Wanted("deferred")

    assert [scored, unscored] == ids(world, wanted)
    assert [unscored] == ids(world, wanted, beyond=place(world, wanted, scored))
    assert [scored] == ids(world, wanted, beyond=place(world, wanted, unscored), backwards=True)
    assert [scored] == ids(world, Wanted("deferred", lower=0.1))
    assert [] == ids(world, Wanted())


def test_how_many_wait(world: World) -> None:
    """What the counts say: of all, with or without a category, of one category, of one article."""
    politics = world.category()
    here, there, loose = world.article(politics), world.article(politics), world.article()
    for article, number in ((here, 1), (there, 2), (loose, 4)):
        for _ in range(number):
            world.comment(article, **SCORED, max_summary_score=0.5)
    wanted = (
        Wanted(),
        Wanted(category_id=politics),
        Wanted(article_id=there),
        Wanted(article_id=loose, category_id=politics),
        Wanted(category_id=NO_CATEGORY),
        Wanted(article_id=loose),
        Wanted("deferred"),
    )
    assert [7, 3, 2, 0, 4, 4, 0] == [how_many(world, one) for one in wanted]


def test_more_articles_without_a_category_than_are_added_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least so many wait as the newest say; none is left out for it of what is offered."""
    monkeypatch.setattr(standing, "ADDED_UP", 1)
    made = [world.comment(world.article(), **SCORED, max_summary_score=0.5) for _ in range(3)]
    with open_session(world.engine) as session:
        assert Standing(2, more=True) == queues.standing_size(session, Wanted())
        assert Plan(by_article=False) == queues.plan(session, Wanted())
        assert Plan(by_article=False) == queues.plan(session, Wanted(category_id=NO_CATEGORY))
        monkeypatch.setattr(queues, "FEW", 2)
        assert Plan(by_article=False, of_newest=2) == queues.plan(session, Wanted())
        assert Plan(by_article=False, of_newest=2) == queues.plan(session, Wanted(category_id=NO_CATEGORY))
    assert made[::-1] == ids(world, Wanted())


@pytest.mark.parametrize("articles", [0, 100])
def test_a_backlog_without_scores(world: World, monkeypatch: pytest.MonkeyPatch, articles: int) -> None:
    """Is not walked for what waits below it: by the articles if these are few, else from what was scored last on."""
    monkeypatch.setattr(queues, "ROWS", 3)
    monkeypatch.setattr(queues, "ARTICLES", articles)
    tag, loose = world.tag("TOXICITY"), world.article()
    made = [world.comment(loose, **SCORED, max_summary_score=score) for score in (0.5, 0.7)]
    for comment in made:
        world.add(CommentSummaryScore(comment_id=comment, tag_id=tag, score=0.5))
    backlog = world.article()
    for _ in range(4):
        world.comment(backlog)

    assert (2, None if articles else 3) == size(world, Wanted())
    assert [made[1]] == ids(world, Wanted(), limit=1)
    assert made[::-1] == ids(world, Wanted(tag_id=tag))


def test_flagged_ones_wait(world: World) -> None:
    """If they are public or undecided."""
    article = world.article()
    public = world.comment(
        article,
        **SCORED,
        is_accepted=True,
        is_moderated=True,
        unresolved_flags_count=1,
        max_summary_score=0.1,
    )
    world.comment(article, **SCORED, is_accepted=False, is_moderated=True, unresolved_flags_count=1)
    world.comment(article, **SCORED)

    assert [public] == ids(world, Wanted("flagged"))
    assert (1, None) == size(world, Wanted("flagged"))


def test_by_attribute(world: World) -> None:
    """The scores of one attribute are meant, and sort; what has none is left out."""
    article = world.article()
    insult = world.tag("INSULT")
    first, second, _none = (world.comment(article, **SCORED, max_summary_score=0.9) for _ in range(3))
    for comment, score in ((first, 0.3), (second, 0.6)):
        world.add(CommentSummaryScore(comment_id=comment, tag_id=insult, score=score))
    wanted = Wanted(tag_id=insult)

    assert [second, first] == ids(world, wanted)
    assert [first] == ids(world, wanted, beyond=place(world, wanted, second))
    assert [first] == ids(world, Wanted(tag_id=insult, upper=0.3))
    assert (1, None) == size(world, Wanted(tag_id=insult, upper=0.3))


def test_the_spread(world: World) -> None:
    """In buckets that begin where they say; the chosen range makes no difference."""
    article = world.article()
    for score in (0.0, 0.05, 0.0999, 0.15, 0.3, 0.95, 1.0):
        world.comment(article, **SCORED, max_summary_score=score)
    world.comment(article, **SCORED)

    with open_session(world.engine) as session:
        found = histogram(session, Wanted(lower=0.5))

    assert {0: 1, 1: 2, 3: 1, 6: 1, 19: 2} == {at: n for at, n in enumerate(found.buckets) if n}
    assert (1, None) == (found.unscored, found.of_newest)


def test_more_than_are_looked_at(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then only the newest are counted and sorted where no index helps, and that is said."""
    monkeypatch.setattr(queues, "FEW", 2)
    article = world.article()
    tag = world.tag("TOXICITY")
    made = [world.comment(article, **SCORED, max_summary_score=0.9 - at / 10) for at in range(4)]
    for comment in made:
        world.add(CommentSummaryScore(comment_id=comment, tag_id=tag, score=0.5))

    assert 4 == how_many(world, Wanted())
    assert (2, 2) == size(world, Wanted(lower=0.1))
    with open_session(world.engine) as session:
        page = waiting.page(session, Wanted(tag_id=tag), None, limit=10)
        assert made[:1] == [one.comment_id for one in waiting.page(session, Wanted(), None, limit=1).places]
        flagged = Wanted("flagged")
        assert queues.Plan(by_article=True) == queues.plan(session, flagged)
        monkeypatch.setattr(queues, "ARTICLES", 0)
        assert [] == waiting.page(session, flagged, None, limit=10).places
        assert queues.Plan(by_article=False, of_newest=2) == queues.plan(session, flagged)
        assert queues.Plan(by_article=True) == queues.plan(session, Wanted(article_id=article))
    assert ([made[3], made[2]], 2) == ([one.comment_id for one in page.places], page.of_newest)


def test_what_others_are_at_is_left_out(world: World, load: str) -> None:
    """And what is being decided, if by oneself; a claim that is over leaves out nothing."""
    article = world.article()
    made = [world.comment(article, **SCORED, max_summary_score=0.9 - at / 10) for at in range(5)]
    moment = now()
    later, earlier = moment.replace(year=moment.year + 1), moment.replace(year=moment.year - 1)
    for comment, user, until, form in (
        (made[0], 2, later, None),
        (made[1], 1, later, None),
        (made[2], 1, later, "sent"),
        (made[3], 2, earlier, None),
    ):
        world.add(Claim(comment_id=comment, user_id=user, since=moment, until=until, form=form))

    assert [made[1], made[3], made[4]] == ids(world, Wanted(), Viewer(1, moment))
    assert made == ids(world, Wanted())
