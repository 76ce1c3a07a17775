"""Rules given their new ranges, all or none of them, and a file that leads back."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sqlalchemy import Engine, select

from osmod.comparing.rules import Keep, RuleFigures, proposal
from osmod.comparing.sample import Attributes
from osmod.moderation.attributes import all_tags, folded
from osmod.moderation.models import ModerationRule, Tag
from osmod.moderation.rules import Rule
from osmod.moderation.work import Work, transact


class RulesChanged(Exception):
    """Somebody changed a rule meanwhile; nothing was written. The message says which and what to do."""


@dataclass(frozen=True)
class Aim:
    """What a rule looks at: an attribute, and the scores from `lower` to `upper`."""

    attribute: str
    lower: float
    upper: float

    def is_as(self, other: Aim) -> bool:
        """Whether both are the same; case and accents make no difference to names."""
        return (folded(self.attribute), self.lower, self.upper) == (
            folded(other.attribute),
            other.lower,
            other.upper,
        )

    def __str__(self) -> str:
        if self.lower > self.upper:
            return f"{self.attribute}, nothing"
        return f"{self.attribute} {self.lower:g} to {self.upper:g}"


@dataclass(frozen=True)
class Change:
    """A rule before and after."""

    rule_id: int
    before: Aim
    after: Aim

    def back(self) -> Change:
        """The change that undoes this one."""
        return Change(self.rule_id, self.after, self.before)


def changes(figures: Iterable[RuleFigures], keep: Keep) -> list[Change]:
    """What the proposals change."""
    found = []
    for one in figures:
        to = proposal(one, keep)
        if to and one.target:
            before = Aim(one.attribute.name, one.rule.lower, one.rule.upper)
            after = Aim(one.target.name, to.lower, to.upper)
            if not before.is_as(after):
                found.append(Change(one.rule.id, before, after))
    return found


def rewrite(engine: Engine, wanted: Sequence[Change]) -> None:
    """Change the rules in one transaction. Those that are changed already stay, so that it may be tried again.

    Raises:
      RulesChanged: a rule is neither as it was nor as it is to be.
    """

    def effect(work: Work) -> None:
        tags = all_tags(work.session)
        locked = (
            select(ModerationRule, Tag.attribute)
            .join(Tag, Tag.id == ModerationRule.tag_id)
            .where(ModerationRule.id.in_([change.rule_id for change in wanted]))
            .order_by(ModerationRule.id)
            .with_for_update()
        )
        rows = {rule.id: (rule, attribute) for rule, attribute in work.session.execute(locked)}
        for change in wanted:
            if change.rule_id not in rows:
                raise RulesChanged(f"rule {change.rule_id} is gone; nothing was changed")
            rule, attribute = rows[change.rule_id]
            found = Aim(attribute, rule.lower_threshold, rule.upper_threshold)
            if found.is_as(change.after):
                continue
            if not found.is_as(change.before):
                raise RulesChanged(
                    f"rule {change.rule_id} is on {found} now, no more on {change.before}: nothing was changed"
                )
            rule.tag_id = tags.of(change.after.attribute).id
            rule.lower_threshold, rule.upper_threshold = change.after.lower, change.after.upper

    transact(engine, effect)


def write_down(path: Path, wanted: Sequence[Change]) -> None:
    """Write the changes down, before they are made: whatever happens then, the file says what the rules were."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    with draft.open("w", encoding="utf-8") as file:
        json.dump({"rules": [asdict(change) for change in wanted]}, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def read_back(path: Path) -> list[Change]:
    """The changes in a file.

    Raises:
      ValueError: it is no such file.
    """
    try:
        return [
            Change(row["rule_id"], Aim(**row["before"]), Aim(**row["after"]))
            for row in json.loads(path.read_text(encoding="utf-8"))["rules"]
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} holds no changes of rules, as --apply writes them: {error}") from None


def as_before(rules: Sequence[Rule], made: Iterable[Change], attributes: Attributes) -> list[Rule]:
    """The rules as they were before changes that were made: thresholds on new scores mean nothing on the old ones."""
    by_id = {change.rule_id: change for change in made}
    return [_before(rule, by_id.get(rule.id), attributes) for rule in rules]


def _before(rule: Rule, change: Change | None, attributes: Attributes) -> Rule:
    now = Aim(attributes.of_tag(rule.tag_id).name, rule.lower, rule.upper)
    if change is None or not now.is_as(change.after):
        return rule
    tag_id = attributes.of(change.before.attribute).tag_id
    return replace(rule, tag_id=tag_id, lower=change.before.lower, upper=change.before.upper)
