"""Attribute names: which are the same, and the tags made for new ones."""

from __future__ import annotations

import threading

import pytest

from osmod.moderation.attributes import all_tags, color_of, folded, label_of
from osmod.moderation.models import CommentSummaryScore, Tag
from osmod.moderation.surroundings import with_rules
from osmod.moderation.work import Work
from tests.moderation.waiting import in_thread
from tests.moderation.world import World


@pytest.mark.parametrize(
    ("attribute", "label"),
    [
        ("TOXICITY", "Toxicity"),
        ("LIKELY_TO_REJECT", "Likely To Reject"),
        ("likely-to-reject", "Likely To Reject"),
        ("camelCaseKey", "Camel Case Key"),
        ("ATTACK_ON_AUTHOR_id", "Attack On Author"),
        ("two words", "Two Words"),
        ("  SPAM  ", "Spam"),
        ("SEXUAL@2", "Sexual@2"),
        ("émotion", "Émotion"),
    ],
)
def test_label(attribute: str, label: str) -> None:
    """A new tag's label is its name in words, as OSMod's titleize(humanize(key)) gives it (fact 6)."""
    assert label == label_of(attribute)


@pytest.mark.parametrize(
    ("attribute", "color"),
    [
        ("SEVERE_TOXICITY", "rgb(0, 59, 2)"),
        ("likely_to_reject", "rgb(22, 114, 72)"),
        ("camelCaseKey", "rgb(105, 71, 121)"),
        ("", "rgb(0, 0, 0)"),
    ],
)
def test_color(attribute: str, color: str) -> None:
    """A new tag's colour is a hash of its name (fact 6)."""
    assert color == color_of(attribute)


@pytest.mark.parametrize("name", ["TOXICITY", "toxicity", " Toxicity ", "TÖXICITY", "toxicity\u0301"])
def test_names_that_are_the_same(world: World, name: str) -> None:
    """Case, accents and outer blanks make no difference: the tag that is there is found (quirk 1, mended)."""
    tag = world.tag("TOXICITY")
    assert folded("TOXICITY") == folded(name)
    world.do(lambda work: all_tags(work.session).of(name))
    assert [tag] == [row.id for row in world.all(Tag)]


def test_a_new_tag(world: World) -> None:
    """An unknown attribute becomes a tag that counts towards the highest score and shows in batch view."""
    world.do(lambda work: all_tags(work.session).of(" LIKELY_TO_REJECT "))
    (tag,) = world.all(Tag)
    assert ("LIKELY_TO_REJECT", "Likely To Reject", True, True, False) == (
        tag.attribute,
        tag.label,
        tag.in_summary_score,
        tag.is_in_batch_view,
        tag.is_taggable,
    )


def test_a_new_summary_score_tag(world: World) -> None:
    """SUMMARY_SCORE is grey and does not count towards itself."""
    world.do(lambda work: all_tags(work.session).of("SUMMARY_SCORE"))
    (tag,) = world.all(Tag)
    assert ("#cccccc", False) == (tag.color, tag.in_summary_score)


@pytest.mark.only_on("mariadb")
def test_a_spelling_that_only_the_database_holds_for_equal(world: World) -> None:
    """Where MariaDB's collation takes two names for one and we do not, its tag is found all the same."""
    tag = world.tag("STRASE")
    found = world.do(lambda work: all_tags(work.session).of("straße").id)
    assert tag == found.value
    assert [tag] == [row.id for row in world.all(Tag)]


@pytest.mark.only_on("mariadb")
def test_the_same_new_tag_from_two_workers(world: World) -> None:
    """Two workers that meet the same new attributes in opposite order end up with one tag each."""
    meeting = threading.Barrier(2)
    tries: list[str] = []

    def make(first: str, second: str) -> dict[str, int]:
        meet = [meeting.wait]  # at the first try only: afterwards the other one waits for this one's rows

        def effect(work: Work) -> dict[str, int]:
            tries.append(first)
            tags = all_tags(work.session)
            made = {first: tags.of(first).id}
            if meet:
                meet.pop()()
            return made | {second: tags.of(second).id}

        return world.do(effect).value or {}

    with (
        in_thread(lambda: make("A_NEW", "B_NEW")) as one,
        in_thread(lambda: make("B_NEW", "A_NEW")) as other,
    ):
        assert one.result() == other.result() == {tag.attribute: tag.id for tag in world.all(Tag)}
    assert 3 == len(tries), "it was a real deadlock: one of the two had to try again"


def test_highest(world: World) -> None:
    """The highest score that counts; the lowest tag id wins a tie, others do not count (fact 5)."""
    first, second, left_out = world.tag("B"), world.tag("A"), world.tag("C", in_summary_score=False)
    comment = world.comment(world.article())
    for tag, score in ((first, 0.5), (second, 0.5), (left_out, 0.9)):
        world.add(CommentSummaryScore(comment_id=comment, tag_id=tag, score=score))
    other = world.comment(world.article())
    histories, book = world.do(lambda work: with_rules(work, [comment, other])).value or ({}, None)
    assert book is not None
    assert {first: 0.5, second: 0.5, left_out: 0.9} == histories[comment].summaries
    assert (0.5, first) == book.tags.highest(histories[comment].summaries)
    assert {} == histories[other].summaries
    assert book.tags.highest({}) is None
