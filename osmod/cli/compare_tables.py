"""How a comparison of two scorers looks in a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.table import Table

from osmod.cli.tables import table
from osmod.comparing.agreement import AttributeFigures
from osmod.comparing.cases import Pair
from osmod.comparing.population import Kind
from osmod.comparing.report import Report
from osmod.comparing.rules import Fit, Outcome, RuleFigures
from osmod.comparing.statistics import Estimate
from osmod.comparing.thresholds import LEAST

#: An interval of the AUC that is wider than this says little.
WIDE = 0.1
#: Where a figure cannot be said.
NONE = "–"


def show(report: Report, out: Console) -> None:
    """Print all of it."""
    for part in _parts(report):
        out.print(part)


def _parts(report: Report) -> Iterator[RenderableType]:
    yield f"Compared: {report.compared:,} comments. In brackets: where the true figure is, in 95 of 100 cases."
    yield from _of_sample(report)
    if report.attributes:
        yield Group("", "Attributes: whether both put comments in one order, and how far apart they are")
        yield _agreement(report.attributes)
        yield Group("", "AUC: how often a rejected comment scores above an accepted one (0.5: chance)")
        yield _aucs(report.attributes)
        for one in report.attributes:
            yield from _notes(one)
    if report.rules:
        yield Group("", "Rules: how many comments fit, and how often moderators decided as the rule does")
        for rule in report.rules:
            yield from _rule(rule)
    yield Group(
        "", "All rules together: today; on the new scores as they are; with the ranges that keep either"
    )
    yield _outcomes(report.outcomes)


def _of_sample(report: Report) -> Iterator[str]:
    chosen = report.sample.chosen
    if chosen.sizes[Kind.RULED]:
        yield (
            f"Rules decided {chosen.sizes[Kind.RULED]:,} of the comments; moderators decided {chosen.revised:,} of "
            "them otherwise later. Nobody judged the others: they count for how many fit, not for what is right."
        )
    for name, count in sorted(report.sample.shared.items()):
        yield f"{name}: {count:,} comments have it from another scorer, too, and are left out (quirk 5)."
    if report.matching.alone:
        alone = ", ".join(report.matching.alone)
        yield f"The new scorer has nothing for {alone}: if it has it under another name, --map OLD=NEW says so."


def _agreement(attributes: list[AttributeFigures]) -> Table:
    made = table("attribute", ">compared", ">rejected", ">accepted", ">rank corr.", ">mean diff.")
    for one in attributes:
        counts = (f"{count:,}" for count in (one.compared, one.rejected, one.accepted))
        made.add_row(_name(one.pair), *counts, _figure(one.rank_correlation), _figure(one.mean_difference))
    return made


def _aucs(attributes: list[AttributeFigures]) -> Table:
    made = table("attribute", "old", "new", "new - old")
    for column in made.columns[1:]:
        column.no_wrap = True
    for one in attributes:
        made.add_row(
            _name(one.pair), _estimate(one.old), _estimate(one.new), _estimate(one.gain, signed=True)
        )
    return made


def _notes(one: AttributeFigures) -> Iterator[str]:
    fewest = min(one.rejected, one.accepted)
    of = f"{one.rejected:,} rejected and {one.accepted:,} accepted comments"
    if fewest < LEAST:
        yield f"{_name(one.pair)}: {of} are too few to tell (at least {LEAST} of each): take a larger --sample."
    elif one.new is not None and one.new.high - one.new.low > WIDE:
        yield f"{_name(one.pair)}: of {of} the intervals are wide: a larger --sample says more."


def _rule(one: RuleFigures) -> Iterator[RenderableType]:
    rule = one.rule
    where = "" if rule.category_id is None else f" in category {rule.category_id}"
    moves = f", from now on by {one.target.name}" if one.target and one.target != one.attribute else ""
    yield f"{rule.id}: {rule.action} by {one.attribute.name}{where}{moves}"
    fits = {
        "today": one.today,
        "unchanged": one.unchanged,
        "precision": one.by_precision,
        "share": one.by_share,
    }
    made = table("  ", "range", ">fit", ">share", ">judged", "right")
    for column, width in zip(made.columns, (11, 20, 6, 6, 6, 18), strict=True):
        column.min_width = width
    for name, fit in fits.items():
        if fit:
            made.add_row(f"  {name}", *_fit(fit))
    if made.row_count:
        yield made
    if one.why_not:
        yield f"  {one.why_not}"


def _fit(fit: Fit) -> tuple[str, ...]:
    bounds = f"{fit.range.lower:g} to {fit.range.upper:g}"
    return bounds, f"{fit.comments:,}", _percent(fit.share.value), f"{fit.judged:,}", _share(fit.precision)


def _outcomes(outcomes: dict[str, Outcome]) -> Table:
    made = table("", ">accept", ">reject", ">defer", ">left", ">as today", ">judged", "right")
    for name, one in outcomes.items():
        shares = (_percent(one.shares[status]) for status in ("Accept", "Reject", "Defer", None))
        made.add_row(f"  {name}", *shares, _percent(one.same), f"{one.judged:,}", _share(one.right))
    return made


def _name(pair: Pair) -> str:
    return pair.old if pair.old == pair.new else f"{pair.old} → {pair.new}"


def _figure(value: float | None) -> str:
    return NONE if value is None else f"{value:.2f}"


def _estimate(one: Estimate | None, *, signed: bool = False) -> str:
    if one is None:
        return NONE
    form = "+.2f" if signed else ".2f"
    return f"{one.value:{form}} ({one.low:{form}} to {one.high:{form}})"


def _share(one: Estimate | None) -> str:
    return NONE if one is None else f"{one.value:.0%} ({one.low:.0%} to {one.high:.0%})"


def _percent(value: float) -> str:
    return f"{value:.1%}"
