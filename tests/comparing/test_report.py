"""From the database to figures and proposals."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Callable

import pytest
from rich.console import Console

from osmod.cli.compare_tables import show
from osmod.comparing.population import Wanted, choose
from osmod.comparing.report import Report, make_report
from osmod.comparing.rules import proposal, proposed
from osmod.comparing.sample import read
from osmod.comparing.thresholds import NOTHING
from osmod.moderation.models import CommentScore, CommentSummaryScore
from tests.comparing.scene import Site, build
from tests.moderation.world import World

Scale = Callable[[float], float]


def cubed(score: float) -> float:
    """A scorer that puts comments in the same order, on another scale."""
    return score**3


def compare(site: Site, scale: Scale = cubed, name: str = "TOXICITY", **mapped: str) -> Report:
    """A report of a site whose new scorer answers about every comment."""
    chosen = choose(site.world.engine, Wanted(site.old, 1000, 1))
    answers = {comment_id: {name: scale(site.scores[comment_id])} for comment_id in chosen.all_ids()}
    return make_report(read(site.world.engine, chosen, site.old), answers, mapped)


def judged_and_ruled(luck: random.Random, number: int, score: float) -> tuple[str, str]:
    """The rule rejects from 0.8 on; but every third comment is on an article where rules are off."""
    if score >= 0.8 and number % 3:
        return "Rule", "Reject"
    return "User", "Reject" if luck.random() < score else "Accept"


def test_the_same_order_on_another_scale(world: World) -> None:
    """The cubed scorer agrees in order, judges as well, and with the thresholds proposed decides the very same."""
    site = build(world, 400, decided=judged_and_ruled)
    world.rule(site.toxicity, 0.8, 1, "Reject")
    world.rule(site.toxicity, 0, 0.2, "Accept")
    report = compare(site)

    (toxicity,) = report.attributes
    assert toxicity.rank_correlation == pytest.approx(1)
    assert toxicity.old == toxicity.new
    assert toxicity.gain is not None
    assert (0, 0, 0) == (toxicity.gain.value, toxicity.gain.low, toxicity.gain.high)
    assert toxicity.old is not None
    assert toxicity.old.value > 0.7

    reject, accept = report.rules
    assert reject.today is not None
    assert reject.by_share is not None
    assert 0.5 < reject.by_share.range.lower < 0.55
    assert (reject.today.comments, reject.today.share) == (reject.by_share.comments, reject.by_share.share)
    assert reject.by_precision == reject.by_share
    assert accept.by_share is not None
    assert 0 == accept.by_share.range.lower

    today, unchanged = report.outcomes["today"], report.outcomes["unchanged"]
    assert unchanged.same < 0.9
    for keep in ("share", "precision"):
        assert report.outcomes[keep].same == pytest.approx(1)
        assert report.outcomes[keep].shares == pytest.approx(dict(today.shares))
        assert report.outcomes[keep].right == today.right


def test_rules_of_a_category_replace_global_ones(world: World) -> None:
    """In the outcome of all together, as OSMod has it; and a rule of another category fits nothing here."""
    site = build(world, 200)
    world.rule(site.toxicity, 0, 1, "Reject")
    world.rule(site.toxicity, 0.5, 1, "Accept", site.category)
    world.rule(site.toxicity, 0, 1, "Reject", world.category())
    report = compare(site, lambda score: score)
    accepted = report.outcomes["today"].shares["Accept"]
    assert 0.4 < accepted < 0.6
    assert report.outcomes["today"].shares["Reject"] == pytest.approx(1 - accepted)
    assert "no comment has both scores" == report.rules[2].why_not


def test_attributes_of_other_names(world: World) -> None:
    """`mapped` pairs them; the rule moves to the new attribute, whose tag need not be there yet. What has no
    counterpart is said, and its rule never fits again.
    """
    site = build(world, 100)
    spam = world.tag("SPAM")
    for model in (CommentScore, CommentSummaryScore):
        columns = {"user_id": site.old, "source_type": "Machine"} if model is CommentScore else {}
        world.bulk(model, [{"comment_id": n, "tag_id": spam, "score": 0.9, **columns} for n in range(1, 101)])
    world.rule(site.toxicity, 0.5, 1, "Reject")
    world.rule(spam, 0.8, 1, "Reject")
    alone = compare(site, name="toxic")
    assert ("SPAM", "TOXICITY") == alone.matching.alone
    report = compare(site, name="toxic", TOXICITY="Toxic")
    assert ("SPAM",) == report.matching.alone
    rule, of_spam = report.rules
    assert ("toxic", True) == (rule.target and rule.target.name, rule.by_share is not None)
    assert (None, "the new scorer has nothing for SPAM: it never fits") == (of_spam.target, of_spam.why_not)
    assert report.outcomes["today"].shares["Reject"] == pytest.approx(1)
    assert 0.3 < report.outcomes["share"].shares["Reject"] < 0.7


def test_the_highest_score(world: World) -> None:
    """A rule on SUMMARY_SCORE sees the new scorer's highest, as OSMod would find it anew."""
    site = build(world, 200)
    summary = world.tag("SUMMARY_SCORE", in_summary_score=False)
    world.rule(summary, 0.8, 1, "Reject")
    report = compare(site)
    (rule,) = report.rules
    assert rule.by_share is not None
    assert 0.5 < rule.by_share.range.lower < 0.53
    assert report.outcomes["share"].same == pytest.approx(1)


def test_a_score_that_may_be_another_scorers_is_not_used(world: World) -> None:
    """Summary scores do not say whose they are (quirk 5): where two scorers gave the attribute, it is left out."""
    site = build(world, 50)
    other = world.scorer()
    spans = [{"comment_id": n, "tag_id": site.toxicity, "score": 0.1} for n in range(1, 21)]
    world.bulk(CommentScore, [{**span, "user_id": other, "source_type": "Machine"} for span in spans])
    report = compare(site)
    assert {"toxicity": 20} == report.sample.shared
    assert 30 == report.attributes[0].compared


def test_few_comments_carry_no_figures(world: World) -> None:
    """What cannot be said is not said, and how many there are is."""
    site = build(
        world, 12, decided=lambda luck, number, score: ("User", "Reject" if number < 4 else "Accept")
    )
    world.rule(site.toxicity, 0.9, 1, "Reject")
    report = compare(site)
    (toxicity,) = report.attributes
    assert (12, 9, 3) == (toxicity.compared, toxicity.accepted, toxicity.rejected)
    assert toxicity.rank_correlation == pytest.approx(1)
    assert (None, None, None) == (toxicity.old, toxicity.new, toxicity.gain)
    (rule,) = report.rules
    assert rule.today is not None
    assert rule.today.precision is None
    assert (None, None) == (rule.by_share, rule.by_precision)
    assert rule.why_not.startswith(f"only {rule.today.comments} of the sample fit today, fewer than 10")
    assert NOTHING == proposal(rule, "share")


def test_where_precision_is_unknown_the_share_is_kept(world: World) -> None:
    """A rule that decides all that fits it: no moderator saw these comments."""
    site = build(
        world, 200, decided=lambda luck, n, score: ("Rule", "Reject") if score > 0.7 else ("User", "Accept")
    )
    rule_id = world.rule(site.toxicity, 0.7, 1, "Reject")
    report = compare(site)
    (rule,) = report.rules
    assert "moderators decided on only 0 comments that fit" in rule.why_not
    (moved,) = proposed(report.sample.rules, report.rules, "precision")
    assert (rule_id, True) == (moved.id, 0.3 < moved.lower < 0.4)


def test_a_scorer_that_knows_nothing(world: World) -> None:
    """Its AUC is about a half, and worse than the old one's. No range keeps the precision: the rule is to decide
    nothing, where it would reject at random if it were left as it is.
    """
    site = build(world, 600)
    world.rule(site.toxicity, 0.8, 1, "Reject")
    luck = random.Random(5)
    report = compare(site, lambda score: luck.random())
    (toxicity,) = report.attributes
    assert toxicity.new is not None
    assert toxicity.gain is not None
    assert toxicity.new.low < 0.5 < toxicity.new.high
    assert toxicity.gain.high < 0
    (rule,) = report.rules
    assert rule.by_precision is None
    assert rule.why_not.startswith("no range within that share is right as often as today")
    assert NOTHING == proposal(rule, "precision")
    (moved,) = proposed(report.sample.rules, report.rules, "precision")
    assert not any(moved.matches({site.toxicity: at / 100}) for at in range(101))
    assert report.outcomes["precision"].shares[None] == pytest.approx(1)
    assert report.outcomes["unchanged"].shares["Reject"] > 0.1


def test_it_fits_into_80_columns(world: World) -> None:
    """One line a figure, with thresholds as long as they come; sentences are broken."""
    site = build(world, 200, decided=judged_and_ruled)
    world.rule(site.toxicity, 0.8, 1, "Reject")
    spam = world.tag("SPAM")
    spans = [{"comment_id": n, "tag_id": spam, "score": 0.9} for n in range(1, 101)]
    world.bulk(CommentSummaryScore, spans)
    world.bulk(CommentScore, [{**span, "user_id": site.old, "source_type": "Machine"} for span in spans])
    world.rule(spam, 0.8, 1, "Reject")
    out = io.StringIO()
    show(
        compare(site, lambda score: score / 3000, name="TOXIC", TOXICITY="TOXIC"), Console(file=out, width=80)
    )
    shown = out.getvalue()
    assert max(map(len, shown.splitlines())) <= 80
    for line in (
        r"TOXICITY → TOXIC +200 +\d+ +\d+ +1\.00 +0\.\d\d",
        r"1: Reject by TOXICITY, from now on by TOXIC",
        r"  share +0\.00026\d* to 1 .*%\)",
        r"2: Reject by SPAM",
        r"  the new scorer has nothing for SPAM: it never fits",
    ):
        assert re.search(f"^{line} *$", shown, re.MULTILINE), (line, shown)
