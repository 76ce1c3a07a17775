"""Recent decisions: what was decided, by whom or by which rule, and on what scores."""

from __future__ import annotations

from typing import Any, get_args
from urllib.parse import urlencode

from osmod.access.roles import Permission
from osmod.moderation.database import open_session
from osmod.moderation.desk.recent import Wanted, recent
from osmod.moderation.models import Source, Status
from osmod.task import get_engine
from osmod.web.pages.frame.page import Page
from osmod.web.pages.frame.topics import Topic
from osmod.web.pages.frame.view import View
from osmod.web.pages.moderate_filter import id_in

PATH = "/ui/decisions"
#: Characters of a comment that are shown.
EXCERPT = 200
_IDS = {"user": "user_id", "rule": "rule_id", "comment": "comment_id"}

page = Page("decisions", "/decisions", "Decisions", Permission.SEE_COMMENTS)


@page.look
def look(view: View) -> dict[str, Any]:
    """The filter."""
    _wanted, faults = read_wanted(view)
    return {"faults": faults, "query": view.query, "statuses": get_args(Status), "sources": get_args(Source)}


@page.fragment("rows", Topic.COMMENTS)
def rows(view: View) -> dict[str, Any]:
    """One page of them."""
    wanted, _faults = read_wanted(view)
    before = id_in(view.query.get("before", ""))
    with open_session(get_engine()) as session:
        found = recent(session, wanted, before)
    kept = {name: value for name, value in view.query.items() if name != "before" and value}
    older = None if found.older is None else f"{PATH}?{urlencode({**kept, 'before': found.older})}"
    newest = f"{PATH}?{urlencode(kept)}" if before is not None else None
    return {
        "decisions": found.decisions,
        "older": older,
        "looked_at": found.looked_at,
        "newest": newest,
        "excerpt": EXCERPT,
        "filtered": bool(kept),
        "may_moderate": view.may(Permission.MODERATE),
    }


def read_wanted(view: View) -> tuple[Wanted, list[str]]:
    """What the address asks for, and sentences about what of it makes no sense; the rest of it counts."""
    query, faults = view.query, []
    members: dict[str, Any] = {}
    for name, known in (("status", get_args(Status)), ("source", get_args(Source))):
        value = query.get(name, "")
        if value in known:
            members[name] = value
        elif value:
            faults.append(f"{name}={value[:20]!r}: there are {', '.join(known)}; all are shown.")
    for name, member in _IDS.items():
        value = query.get(name, "").strip()
        members[member] = id_in(value) if value else None
        if value and members[member] is None:
            faults.append(f"{name}={value[:20]!r} is no id; all are shown.")
    if query.get("before") and id_in(query["before"]) is None:
        faults.append("That is no place in the list; it begins with the newest.")
    return Wanted(**members), faults
