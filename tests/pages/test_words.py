"""How numbers are written on pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from osmod.web.pages.frame.words import ago, figure, score


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0.000"),
        (7.82e-05, "< 0.001"),
        (0.0005, "0.001"),
        (0.123456789, "0.123"),
        (0.9994, "0.999"),
        (0.9999999, "> 0.999"),
        (1, "1.000"),
    ],
)
def test_a_score(value: float, shown: str) -> None:
    """With three decimals; what is not quite 0 or 1 does not look so."""
    assert shown == score(value)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0"), (1, "1"), (0.995, "0.995"), (7.82e-05, "0.0000782"), (1e16, "1" + "0" * 16)],
)
def test_a_figure(value: float, shown: str) -> None:
    """With all of its digits and no exponent, as people write it, and as it can be typed."""
    assert shown == figure(value)
    assert value == float(shown)


def test_a_moment() -> None:
    """In relation to now; the exact one is shown on hover, and stands where programs read it."""
    told = str(ago(datetime.now(UTC) - timedelta(minutes=3)))
    assert re.fullmatch(
        r'<time datetime="[\dT:-]+\+00:00" title="\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC">3 min ago</time>', told
    )
