"""Ranges carried over from old scores to new ones."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osmod.comparing.thresholds import LEAST, Range, Scored, keep_precision, keep_share, precision
from osmod.moderation.models import single

RANGES = [Range(0.8, 1), Range(0, 0.2), Range(0.4, 0.6), Range(0.95, 1), Range(0.1, 1), Range(0, 1)]


def scored(new: object = None, count: int = 1000, seed: int = 1) -> list[Scored]:
    """Comments whose chance of being rejected is their old score; the new one is a function of it."""
    source = random.Random(seed)
    made = []
    for _ in range(count):
        old = single(source.random())
        right = source.random() < old if source.random() < 0.7 else None
        made.append(Scored(old, single(new(old)) if callable(new) else old, source.choice([1.0, 7.5]), right))
    return made


@pytest.mark.parametrize("today", RANGES, ids=str)
@pytest.mark.parametrize(
    "relation",
    [
        pytest.param(lambda x: x, id="same"),
        pytest.param(lambda x: x**3, id="cubed"),
        pytest.param(lambda x: x**0.2, id="fifth root"),
        pytest.param(lambda x: x / 2 + 0.5, id="upper half"),
    ],
)
def test_the_same_order_gives_the_same_decisions(today: Range, relation: object) -> None:
    """Whatever the scale of the new scorer, the very same comments fit."""
    comments = scored(relation)
    found = keep_share(comments, today)
    assert [today.holds(one.old) for one in comments] == [found.holds(one.new) for one in comments]
    assert found == keep_precision(comments, today, found)


def test_thresholds_can_be_said() -> None:
    """They have as few digits as tell the comments apart."""
    comments = [Scored(old / 10, (old / 10) ** 3, 1, None) for old in range(11)]
    assert Range(0.6, 1) == keep_share(comments, Range(0.9, 1))  # between 0.512 and 0.729
    assert Range(0, 0.02) == keep_share(comments, Range(0, 0.2))  # between 0.008 and 0.027


@given(st.integers(0, 1000), st.sampled_from(RANGES))
def test_a_scorer_that_differs_keeps_the_share(seed: int, today: Range) -> None:
    """As near as single comments allow, also where many have the same score."""
    source = random.Random(seed)
    comments = [Scored(single(source.random()), round(source.random(), 2), 1.0, None) for _ in range(300)]
    found = keep_share(comments, today)
    before = sum(today.holds(one.old) for one in comments)
    after = sum(found.holds(one.new) for one in comments)
    most_alike = max(sum(one.new == score for one in comments) for score in {one.new for one in comments})
    zeros = sum(one.new == 0 for one in comments)
    assert abs(before - after) <= 2 * most_alike + zeros


def test_a_worse_scorer_is_narrowed_until_it_is_as_precise() -> None:
    """Fewer comments fit, none that did not, and moderators agree as often; to widen by a hair would not do."""
    source = random.Random(3)
    comments = scored(lambda old: min(1.0, max(0.001, old + source.gauss(0, 0.12))))
    today = Range(0.8, 1)
    share = keep_share(comments, today)
    aim = precision(one for one in comments if today.holds(one.old))
    of_share = precision(one for one in comments if share.holds(one.new))
    found = keep_precision(comments, today, share)
    assert aim is not None
    assert of_share is not None
    assert found is not None
    assert of_share < aim <= (precision(one for one in comments if found.holds(one.new)) or 0)
    assert found.lower > share.lower
    assert found.upper == share.upper


def test_what_begins_at_0_is_narrowed_from_above() -> None:
    """A rule that accepts."""
    source = random.Random(3)
    noisy = scored(lambda old: min(1.0, max(0.001, old + source.gauss(0, 0.2))))
    comments = [
        Scored(one.old, one.new, one.weight, None if one.right is None else not one.right) for one in noisy
    ]
    share = keep_share(comments, Range(0, 0.2))
    found = keep_precision(comments, Range(0, 0.2), share)
    assert found is not None
    assert (0, True) == (found.lower, found.upper < share.upper)


def test_no_range_is_named_without_decisions() -> None:
    """Too few that moderators decided on; and a scorer with which none is as precise."""
    unseen = [Scored(at / 100, at / 100, 1, None) for at in range(1, 101)]
    assert keep_precision(unseen, Range(0.5, 1), Range(0.5, 1)) is None
    few = [*unseen, *[Scored(0.9, 0.9, 1, True)] * (LEAST - 1)]
    assert keep_precision(few, Range(0.5, 1), Range(0.5, 1)) is None
    enough = [*unseen, *[Scored(0.9, 0.9, 1, True)] * LEAST]
    assert Range(0.5, 1) == keep_precision(enough, Range(0.5, 1), Range(0.5, 1))
    upside_down = [Scored(at / 100, 1.001 - at / 100, 1, at > 50) for at in range(1, 101)]
    share = keep_share(upside_down, Range(0.6, 1))
    assert keep_precision(upside_down, Range(0.6, 1), share) is None


def test_zero_fits_nothing() -> None:
    """As in OSMod (quirk 2)."""
    assert not Range(0, 1).holds(0)
    assert Range(0, 1).holds(1)
