"""Audit: who did what to jobs, queues, workers, schedules, scorers and publishers, and why; who changed which rules."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from osmod.access.roles import Permission
from osmod.jobs.records.cursors import BadCursor
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.naming import unknown
from osmod.jobs.records.typed import moment_of
from osmod.jobs.steering import audit_page
from osmod.moderation.database import open_session
from osmod.moderation.desk import rule_book
from osmod.task import get_engine
from osmod.web.api.queue import the_queue
from osmod.web.pages.frame.page import UI, Page
from osmod.web.pages.frame.topics import Topic
from osmod.web.pages.frame.view import View
from osmod.web.pages.moderate_filter import id_in

page = Page("audit", "/audit", "Audit", Permission.SEE_JOBS)

#: Acts on a page, and changes of rules.
ACTS, CHANGES = 50, 20


@page.look
def frame(view: View) -> dict[str, Any]:
    """What is asked for. Redis is not asked: the form stands while it is away."""
    return {
        "queues": sorted(the_queue().get_declared_queues()),
        "queue": view.query.get("queue", ""),
        "until": view.query.get("until", ""),
    }


@page.fragment("acts", Topic.AUDIT)
def acts(view: View) -> dict[str, Any]:
    """A page of acts, newest first."""
    broker, queue = the_queue(), view.query.get("queue", "")
    until, wrong = _moment(view.query.get("until", ""))
    cursor = view.query.get("cursor", "")
    try:
        found = audit_page(broker, queue=queue or None, limit=ACTS, until=until, cursor=cursor or None)
    except BadCursor as error:
        wrong = f"This is the first page: {error}."
        found = audit_page(broker, queue=queue or None, limit=ACTS, until=until)
    asked = {"queue": queue, "until": view.query.get("until", "")}
    return {
        "acts": found.acts,
        "wrong": wrong,
        "hints": unknown(broker, JobFilter(queue=queue)) if queue and not found.acts else [],
        "first": _at(asked) if cursor else "",
        "following": _at({**asked, "cursor": found.cursor}) if found.cursor else "",
    }


@page.fragment("rules", Topic.RULES)
def rules(view: View) -> dict[str, Any]:
    """A page of changes of rules, newest first. They are in the database, so these stand though Redis is away."""
    until, _wrong = _moment(view.query.get("until", ""))
    before = id_in(view.query.get("change", ""))
    with open_session(get_engine()) as session:
        found = rule_book.changes(session, CHANGES + 1, before=before, until=until)
        named = rule_book.names(session)
    asked = {"until": view.query.get("until", "")}
    more = len(found) > CHANGES
    return {
        "changes": found[:CHANGES],
        "names": named,
        "first": _at(asked) if before is not None else "",
        "following": _at({**asked, "change": str(found[CHANGES - 1].id)}) if more else "",
        "queue": view.query.get("queue", ""),
        "may_moderate": view.may(Permission.MODERATE),
    }


def _at(asked: dict[str, str]) -> str:
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{UI}/audit?{query}"


def _moment(typed: str) -> tuple[datetime | None, str]:
    """The moment that was typed, or why it is none."""
    if not typed:
        return None, ""
    try:
        return moment_of(typed), ""
    except ValueError as error:
        return None, f"until: {error} All acts are shown."
