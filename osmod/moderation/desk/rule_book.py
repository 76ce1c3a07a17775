"""The moderation rules as people see and change them; each change is written down with who made it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from osmod.moderation.errors import BadPayload, Conflict, NotFound
from osmod.moderation.models import Action, Category, ModerationRule, RuleChange, Tag, User, single
from osmod.moderation.rules import Rule
from osmod.moderation.work import Work

ACTIONS: tuple[Action, ...] = get_args(Action)


@dataclass(frozen=True)
class Draft:
    """What a rule is to be. `category_id`: None for a global one; thresholds are from 0 to 1, both inclusive."""

    tag_id: int
    lower: float
    upper: float
    action: Action
    category_id: int | None = None

    def as_rule(self, rule_id: int) -> Rule:
        """The rule that it becomes."""
        return Rule(
            rule_id, self.tag_id, self.category_id, single(self.lower), single(self.upper), self.action
        )

    def as_json(self) -> dict[str, Any]:
        """What is written down of it."""
        return {**vars(self), "lower": single(self.lower), "upper": single(self.upper)}


@dataclass(frozen=True)
class Listed:
    """A rule with the names of what it is about. `category`: None for a global one."""

    rule: Rule
    attribute: str
    label: str
    category: str | None
    updated_at: datetime


@dataclass(frozen=True)
class Change:
    """Who made, changed or deleted a rule. `before`, `after`: None where there was none."""

    id: int
    rule_id: int
    who: str
    at: datetime
    before: Draft | None
    after: Draft | None


def list_rules(session: Session) -> list[Listed]:
    """All rules: the global ones first, then by category; by attribute and score within."""
    rows = session.execute(
        select(ModerationRule, Tag.attribute, Tag.label, Category.label)
        .join(Tag, Tag.id == ModerationRule.tag_id)
        .outerjoin(Category, Category.id == ModerationRule.category_id)
        .order_by(Category.label.is_not(None), Category.label, Tag.attribute, ModerationRule.lower_threshold)
    )
    return [
        Listed(draft_of(row).as_rule(row.id), attribute, label, category, row.updated_at)
        for row, attribute, label, category in rows
    ]


def get(session: Session, rule_id: int) -> Draft | None:
    """A rule as it is; None: there is none."""
    row = session.get(ModerationRule, rule_id)
    return None if row is None else draft_of(row)


def save(
    work: Work, draft: Draft, user_id: int, rule_id: int | None = None, seen: Draft | None = None
) -> int:
    """Make a rule, or change one that is still as it was `seen`; its id. Rules act on comments scored from now on.

    Raises:
      BadPayload: a threshold is not from 0 to 1, they are not in order, or the action is none.
      NotFound: there is no such rule, attribute or category.
      Conflict: somebody changed the rule since, or there is one that says the same.
    """
    check(work.session, draft)
    _refuse_double(work.session, draft, rule_id)
    values = {
        "tag_id": draft.tag_id,
        "category_id": draft.category_id,
        "lower_threshold": draft.lower,
        "upper_threshold": draft.upper,
        "action": draft.action,
    }
    if rule_id is None:
        row = ModerationRule(created_by=user_id, **values)
        work.session.add(row)
        work.session.flush()
        _note(work, row.id, user_id, None, draft)
        return row.id
    row, before = _lock(work, rule_id, seen)
    for name, value in values.items():
        setattr(row, name, value)
    _note(work, rule_id, user_id, before, draft)
    return rule_id


def delete(work: Work, rule_id: int, user_id: int, seen: Draft | None = None) -> None:
    """Delete a rule that is still as it was `seen`. Decisions that it made stay.

    Raises:
      NotFound: there is no such rule.
      Conflict: somebody changed it since.
    """
    row, before = _lock(work, rule_id, seen)
    work.session.delete(row)
    _note(work, rule_id, user_id, before, None)


def check(session: Session, draft: Draft) -> None:
    """Refuse a rule that cannot be.

    Raises:
      BadPayload, NotFound: as `save`.
    """
    for name, value in (("from", draft.lower), ("to", draft.upper)):
        if not (math.isfinite(value) and 0 <= value <= 1):
            raise BadPayload(f"{name}: a score is a number from 0 to 1 (it is {value:g})")
    if draft.lower > draft.upper:
        raise BadPayload(
            f"from: {draft.lower:g} lies above {draft.upper:g}, so no score would match; exchange the two"
        )
    if draft.action not in ACTIONS:
        raise BadPayload(f"action: there are {', '.join(ACTIONS)} (it is {draft.action!r:.40})")
    if session.get(Tag, draft.tag_id) is None:
        raise NotFound(f"attribute: there is none with the id {draft.tag_id}; choose one from the list")
    if draft.category_id is not None and session.get(Category, draft.category_id) is None:
        raise NotFound(f"category: there is none with the id {draft.category_id}; choose one from the list")


def changes(
    session: Session, limit: int = 20, *, before: int | None = None, until: datetime | None = None
) -> list[Change]:
    """The last changes, newest first.

    Parameters:
      before: the id of the change before which these are; None: the newest are meant.
      until: when these were made at the latest.
    """
    wanted = select(RuleChange, func.coalesce(User.name, "")).outerjoin(User, User.id == RuleChange.user_id)
    if before is not None:
        wanted = wanted.where(RuleChange.id < before)
    if until is not None:
        wanted = wanted.where(RuleChange.at <= until)
    rows = session.execute(wanted.order_by(RuleChange.id.desc()).limit(limit))
    return [
        Change(
            row.id, row.rule_id, name or f"user {row.user_id}", row.at, _read(row.before), _read(row.after)
        )
        for row, name in rows
    ]


def attributes(session: Session) -> Sequence[Tag]:
    """What rules can be about, by name."""
    return session.scalars(select(Tag).order_by(Tag.attribute)).all()


def names(session: Session) -> dict[str, dict[int, str]]:
    """Of `attributes` and `categories`, by id: what rules are told by."""
    return {
        "attributes": {tag.id: tag.attribute for tag in attributes(session)},
        "categories": {one.id: one.label for one in session.scalars(select(Category))},
    }


def draft_of(row: ModerationRule) -> Draft:
    """A rule as it is."""
    return Draft(row.tag_id, row.lower_threshold, row.upper_threshold, row.action, row.category_id)


def _refuse_double(session: Session, draft: Draft, rule_id: int | None) -> None:
    """Refuse what another rule says, as where a form is sent twice. The attribute is locked, so that one is first."""
    session.get(Tag, draft.tag_id, with_for_update=True)
    rules = select(ModerationRule).where(ModerationRule.tag_id == draft.tag_id).order_by(ModerationRule.id)
    for row in session.scalars(rules):
        if row.id != rule_id and draft_of(row).as_json() == draft.as_json():
            raise Conflict(f"Rule {row.id} says just that already, so nothing was changed")


def _lock(work: Work, rule_id: int, seen: Draft | None) -> tuple[ModerationRule, Draft]:
    row = work.session.get(ModerationRule, rule_id, with_for_update=True)
    if row is None:
        raise NotFound(f"There is no rule {rule_id} any more: somebody deleted it. Nothing was changed.")
    before = draft_of(row)
    if seen is not None and seen.as_json() != before.as_json():
        raise Conflict(
            f"Rule {rule_id} is another than you saw: somebody changed it meanwhile. Nothing was changed; "
            "look at it as it is now."
        )
    return row, before


def _note(work: Work, rule_id: int, user_id: int, before: Draft | None, after: Draft | None) -> None:
    told = [None if one is None else one.as_json() for one in (before, after)]
    work.session.add(RuleChange(rule_id=rule_id, user_id=user_id, at=work.now, before=told[0], after=told[1]))


def _read(told: dict[str, Any] | None) -> Draft | None:
    return None if told is None else Draft(**told)
