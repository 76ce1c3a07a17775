"""Rules: what is decided without people, by category; changed only after a look at what the change would do."""

from __future__ import annotations

import math
from typing import Any

from sqlalchemy import select

from osmod.access.roles import Permission
from osmod.moderation.database import open_session
from osmod.moderation.desk import rule_book
from osmod.moderation.desk.preview import preview
from osmod.moderation.desk.rule_book import ACTIONS, Draft
from osmod.moderation.errors import BadPayload, Refused
from osmod.moderation.models import Action, Category
from osmod.task import commit, get_engine
from osmod.web.pages.frame.page import Page
from osmod.web.pages.frame.topics import Topic
from osmod.web.pages.frame.view import Act, Done, View
from osmod.web.pages.moderate_filter import id_in

PATH = "/ui/rules"
#: How a form says that the rule is to be deleted.
DELETE = "delete"

page = Page("rules", "/rules", "Rules", Permission.MODERATE)


@page.fragment("table", Topic.RULES)
def table(_view: View) -> dict[str, Any]:
    """All rules by category, and who changed them last."""
    with open_session(get_engine()) as session:
        return {
            "rules": rule_book.list_rules(session),
            "changes": rule_book.changes(session),
            "names": rule_book.names(session),
        }


@page.look
def look(view: View) -> dict[str, Any]:
    """The rule that is being changed, and what the change would have decided."""
    query = view.query
    rule_id = id_in(query.get("rule", ""))
    context: dict[str, Any] = {
        "rule_id": rule_id,
        "fault": "",
        "seen": None,
        "draft": None,
        "preview": None,
        "names": {},
        "deleting": query.get("do") == DELETE,
        "editing": "rule" in query or "lower" in query,
        "query": query,
        "actions": ACTIONS,
    }
    with open_session(get_engine()) as session:
        context["attributes"] = rule_book.attributes(session)
        context["categories"] = session.scalars(select(Category).order_by(Category.label)).all()
        context["names"] = rule_book.names(session)
        seen = rule_book.get(session, rule_id) if rule_id is not None else None
        context["seen"] = context["draft"] = seen
        if query.get("rule") and seen is None:
            context["fault"] = f"There is no rule {query['rule'][:20]} any more: somebody deleted it."
            context["editing"] = False
            return context
        if "lower" in query or context["deleting"]:
            try:
                draft = None if context["deleting"] else _draft(query.get)
                context["draft"] = draft or seen
                if draft is not None:
                    rule_book.check(session, draft)
                context["preview"] = preview(session, rule_id, draft)
            except Refused as error:
                context["fault"] = f"{error}."
    return context


@page.act("/rules/save", Permission.MODERATE)
def save_rule(act: Act) -> Done:
    """Make, change or delete a rule that is as it was seen."""
    rule_id = id_in(act.field("rule"))
    user_id = act.caller.user_id
    seen = _draft(act.field, "seen_") if rule_id is not None else None
    if act.field("do") == DELETE:
        if rule_id is None:
            raise BadPayload("rule: name the one that is to be deleted")
        commit(lambda work: rule_book.delete(work, rule_id, user_id, seen))
        return Done(f"Rule {rule_id} is deleted. What it decided stays.", PATH, (Topic.RULES,))
    draft = _draft(act.field)
    saved = commit(lambda work: rule_book.save(work, draft, user_id, rule_id, seen)).value
    words = "changed" if rule_id is not None else "made"
    return Done(f"Rule {saved} is {words}; it acts on what is scored from now on.", PATH, (Topic.RULES,))


def _draft(field: Any, prefix: str = "") -> Draft:
    """The rule in a form or an address.

    Raises:
      BadPayload: a part is missing, or is no number.
    """
    tag_id = id_in(field(prefix + "tag", "").strip())
    if tag_id is None:
        raise BadPayload("attribute: choose one from the list")
    category = field(prefix + "category", "").strip()
    category_id = id_in(category)
    if category and category_id is None:
        raise BadPayload(f"category: choose one from the list (it is {category[:20]!r})")
    bounds = (_score(field, prefix + "lower", "from"), _score(field, prefix + "upper", "to"))
    return Draft(tag_id, *bounds, _action(field(prefix + "action", "").strip()), category_id)


def _action(text: str) -> Action:
    for action in ACTIONS:
        if action == text:
            return action
    raise BadPayload(f"action: there are {', '.join(ACTIONS)} (it is {text[:20]!r})")


def _score(field: Any, name: str, shown: str) -> float:
    text = field(name, "").strip()
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise BadPayload(f"{shown}: a score is a number from 0 to 1 (it is {text[:20]!r})")
    return score
