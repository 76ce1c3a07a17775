"""What `osmod check` says of those who score."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import Engine

from osmod.cli.checks import check_scorers
from osmod.cli.checks.finding import Finding, Level, error, ok, warning
from osmod.cli.checks.scorers import judge
from osmod.operating.scorers import ScorerState
from osmod.settings import read_settings
from tests.moderation.world import World

LOCAL = {"endpointType": "local"}
HOW = "docs/moving-from-perspective.md says how to move to another."


def test_scorers(settled: Engine) -> None:
    """Each active scorer: whether its config can be used. Users who are not scorers do not count."""
    world = World(settled)
    world.user(id=1, is_active=True)
    world.user(id=2, name="Local", group="moderator", is_active=True, extra=LOCAL)
    world.user(id=3, name="Asleep", group="moderator", is_active=False)
    world.user(id=4, name="Broken", group="moderator", is_active=True, extra={"endpointType": "x"})
    first, second = check_scorers(read_settings())
    assert ok("Local (user 2)") == first
    assert Level.ERROR is second.level
    assert second.message.startswith("Broken: scorer 4: endpointType 'x' is not known; ")


def test_no_scorer(settled: Engine) -> None:
    """Without a scorer every comment waits for a person: a warning, for that may be meant."""
    assert [
        warning(
            "no scorer is active: every comment waits for a person; "
            "`osmod scorers add` makes one, `osmod scorers enable ID` has it asked."
        )
    ] == list(check_scorers(read_settings()))


@pytest.mark.parametrize(
    ("today", "said"),
    [
        (date(2026, 11, 1), warning(f"ends on 31 December 2026, in 60 days: {HOW}")),
        (date(2026, 12, 31), warning(f"ends on 31 December 2026, in 0 days: {HOW}")),
        (date(2027, 1, 1), error(f"ended on 31 December 2026: {HOW}")),
    ],
)
def test_perspective_ends(today: date, said: Finding) -> None:
    """Google's own is named from 60 days before, and is an error after its last day."""
    found = judge(asked_at("https://commentanalyzer.googleapis.com/v1alpha1/comments:analyze"), today)
    assert Finding(said.level, f"P (user 7) asks Google's Perspective API, which {said.message}") == found


@pytest.mark.parametrize(
    ("endpoint", "today"),
    [
        ("https://commentanalyzer.googleapis.com/v1alpha1/comments:analyze", date(2026, 10, 31)),
        ("https://perspective.news.example/v1alpha1/comments:analyze", date(2027, 6, 1)),
        ("https://notgoogleapis.com/v1alpha1/comments:analyze", date(2027, 6, 1)),
    ],
)
def test_what_goes_on_is_well(endpoint: str, today: date) -> None:
    """Before those 60 days, and with services that only answer as Perspective does."""
    assert ok("P (user 7)") == judge(asked_at(endpoint), today)


def asked_at(endpoint: str) -> ScorerState:
    """A scorer that is on."""
    return ScorerState(7, "P", "perspective-api", True, endpoint, None, "", None)
