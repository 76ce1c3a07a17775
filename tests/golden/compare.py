"""Comparing what ours did with what OSMod did. Each difference is one line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from osmod.moderation import counts
from osmod.moderation.models import Comment
from tests.golden import canonical
from tests.golden.case import COUNT_COLUMNS, COUNTED, STEP_TABLES, Case, Row, Tables, by_id, counts_of
from tests.golden.run import Outcome


def differences(case: Case, outcome: Outcome) -> Iterator[str]:
    """Every difference between a case's expectation and its outcome, most telling first."""
    yield from _errors(case, outcome)
    yield from _tables(case, outcome)
    for step in range(len(case.steps)):
        yield from _step(case, outcome, step)
    yield from _datetimes(case, outcome)
    yield from _requests(case, outcome)
    yield from _notifications(case, outcome)


def _errors(case: Case, outcome: Outcome) -> Iterator[str]:
    for number, task in enumerate(case.tasks):
        expected, found = case.errors.get(number), outcome.errors.get(number)
        where = f"task {number} ({task['name']})"
        if expected and not found:
            yield f"{where} succeeds, but should fail: {expected['message']}"
        elif found and not expected:
            yield f"{where} fails: {type(found).__name__}: {found}"
        elif found and expected and expected["type"] == "Error" and expected["message"] not in str(found):
            yield f"{where} says {str(found)!r}, but should say {expected['message']!r}"


def _tables(case: Case, outcome: Outcome) -> Iterator[str]:
    state = outcome.states[-1] if outcome.states else outcome.before
    theirs, ours = canonical.Numbering(case.fixture, case.expected), canonical.Numbering(case.fixture, state)
    for table in case.expected:
        yield from _rows(table, theirs.rows(table, case.expected[table]), ours.rows(table, state[table]))


def _step(case: Case, outcome: Outcome, step: int) -> Iterator[str]:
    expected, state = case.steps[step], outcome.states[step]
    theirs = canonical.Numbering(case.fixture, case.expected)
    ours = canonical.Numbering(case.fixture, outcome.states[-1])
    pending = _pending(case, state, step)
    stale = _not_counted_yet(case, step)
    for table in STEP_TABLES:
        told = theirs.rows(table, expected.get(table, []))
        found = ours.rows(table, state[table])
        if table in COUNTED:
            found = [_with_counts(row, pending.get((table, row["id"]), [])) for row in found]
            told = [_without_counts(row) if (table, row["id"]) in stale else row for row in told]
        for line in _rows(table, told, found):
            yield f"after task {step}: {line}"


def _pending(case: Case, state: Tables, step: int) -> dict[tuple[str, int], list[counts.Standing]]:
    """Comments that a later task takes in: OSMod counts them already, whenever it counts their article."""
    later = case.ingested() - case.ingested_by(step)
    category_of = {row["id"]: row["categoryId"] for row in state["articles"]}
    pending: dict[tuple[str, int], list[counts.Standing]] = {}
    for row in state["comments"]:
        if row["id"] in later and row["articleId"] is not None:
            standing = _standing(row)
            pending.setdefault(("articles", row["articleId"]), []).append(standing)
            pending.setdefault(("categories", category_of[row["articleId"]]), []).append(standing)
    return pending


def _not_counted_yet(case: Case, step: int) -> set[tuple[str, int]]:
    """Articles whose fixture's counts OSMod has not corrected by `step` but will, and their categories."""
    told, now, final = (by_id(t["articles"]) for t in (case.fixture, case.steps[step], case.expected))
    stale: set[tuple[str, int]] = set()
    for number, row in told.items():
        fixed = counts_of(row)
        if number in now and counts_of(now[number]) == fixed != counts_of(final[number]):
            stale |= {("articles", number), ("categories", final[number]["categoryId"])}
    return stale


def _standing(row: Row) -> counts.Standing:
    columns = {column.name: name for name, column in Comment.__mapper__.columns.items()}
    types = Comment.__table__.columns
    values = {columns[name]: _typed(types[name], value) for name, value in row.items()}
    return counts.standing(Comment(**values))


def _typed(column: Any, value: Any) -> Any:
    return bool(value) if column.type.python_type is bool and value is not None else value


def _with_counts(row: Row, standings: list[counts.Standing]) -> Row:
    added = dict(row)
    for standing in standings:
        for name, counted in standing.items():
            added[_column(name)] += counted
    return added


def _column(attribute: str) -> str:
    first, *rest = attribute.split("_")
    return first + "".join(word.title() for word in rest)


def _without_counts(row: Row) -> Row:
    return {column: value for column, value in row.items() if column not in COUNT_COLUMNS}


def _rows(table: str, expected: list[Row], found: list[Row]) -> Iterator[str]:
    if len(expected) != len(found):
        yield f"{table}: {len(found)} rows, should be {len(expected)}"
    for told, row in zip(expected, found, strict=False):
        key = row.get("id", f"{row.get('commentId')}/{row.get('tagId', '')}")
        for column, value in told.items():
            if row.get(column) != value:
                yield f"{table} {key}: {column} is {row.get(column)!r}, should be {value!r}"


def _datetimes(case: Case, outcome: Outcome) -> Iterator[str]:
    state = outcome.states[-1] if outcome.states else outcome.before
    changed: dict[str, dict[str, list[str]]] = {}
    for table, rows in case.fixture.items():
        now = by_id(state[table]) if table in state and rows and "id" in rows[0] else {}
        for row in rows:
            if row.get("id") in now:
                columns = _changed_datetimes(row, now[row["id"]])
                if columns:
                    changed.setdefault(table, {})[str(row["id"])] = columns
    if case.expected and changed != _sorted(case.datetimes_changed):
        yield from _nested("datetimes changed", _sorted(case.datetimes_changed), changed)


def _changed_datetimes(told: Row, row: Row) -> list[str]:
    before = {c: datetime.fromisoformat(v) for c, v in told.items() if _is_moment(v)}
    moments = {c: v.replace(tzinfo=None) for c, v in row.items() if isinstance(v, datetime)}
    return sorted(c for c, moment in moments.items() if before.get(c) != moment)


def _is_moment(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 19 and value[4] == "-" and value[13] == ":"


def _sorted(changed: dict[str, dict[str, list[str]]]) -> dict[str, dict[str, list[str]]]:
    return {t: {k: sorted(columns) for k, columns in rows.items()} for t, rows in changed.items()}


def _nested(what: str, expected: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    for table in sorted({*expected, *found}):
        told, ours = expected.get(table, {}), found.get(table, {})
        for key in sorted({*told, *ours}, key=str):
            if told.get(key) != ours.get(key):
                yield f"{what}: {table} {key}: {ours.get(key)}, should be {told.get(key)}"


def _requests(case: Case, outcome: Outcome) -> Iterator[str]:
    told = [canonical.request(request) for request in case.scorer_requests]
    found = [canonical.request(request) for request in outcome.requests]
    if told != found:
        yield f"scorers were sent {found}, should be {told}"


def _notifications(case: Case, outcome: Outcome) -> Iterator[str]:
    """Comments must be told of alike. OSMod's count of a whole article may tell of more articles than ours."""
    for step, told in enumerate(case.notifications):
        expected = {(kind, action, number) for kind, action, number in told}
        found = outcome.notifications[step]
        ingests = (
            case.tasks[step]["name"] == "@postProcessComment"
        )  # ours counts at each, OSMod ahead of them
        surplus = {n for n in found - expected if n[0] == "comment" or not ingests}
        if surplus or any(n[0] == "comment" for n in expected - found):
            yield f"task {step} notifies {sorted(found)}, should be {sorted(expected)}"
