"""Moderate: the comments that wait for a person, one of them in the middle, and what is to be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from osmod.access.roles import Permission
from osmod.moderation.database import open_session
from osmod.moderation.desk import acts, claims, queues, standing, waiting
from osmod.moderation.desk.histogram import BUCKETS, histogram
from osmod.moderation.desk.item import Item, load
from osmod.moderation.desk.queues import NO_CATEGORY, Wanted
from osmod.moderation.desk.spans import notable, pieces
from osmod.moderation.desk.standing import QUEUES, Queue, Sizes, Standing
from osmod.moderation.desk.waiting import Viewer
from osmod.moderation.models import Article, Category, Claim, Comment, Tag, User, now
from osmod.moderation.plain_text import strip_tags
from osmod.settings import get_settings
from osmod.task import get_engine
from osmod.web.pages import moderate_acts, moderate_claims
from osmod.web.pages.frame.page import Page
from osmod.web.pages.frame.session import split_address
from osmod.web.pages.frame.topics import Topic
from osmod.web.pages.frame.view import View
from osmod.web.pages.moderate_filter import address, id_in, known_filter, query_of
from osmod.web.pages.moderate_outcomes import new_form, outcomes, settle_held_for_long

#: Scores from here on are marked in a text, unless an attribute is asked for.
MARKED = 0.5
#: Comments shown as those that come next, and characters of an article.
NEXT, BEGINNING = 12, 2_000

page = Page("moderate", "/moderate", "Moderate", Permission.MODERATE)
page.act("/moderate/act", Permission.MODERATE)(moderate_acts.act_on_one)
page.act("/moderate/batch", Permission.MODERATE)(moderate_acts.act_on_range)
page.act("/moderate/undo", Permission.MODERATE)(moderate_acts.undo)
page.act("/moderate/next", Permission.MODERATE)(moderate_claims.go_on)
page.act("/moderate/begin", Permission.MODERATE)(moderate_claims.begin)


@page.look
def look(view: View) -> dict[str, Any]:
    """The filter, and what it can be set to."""
    comment_id = id_in(view.query.get("comment", ""))
    with open_session(get_engine()) as session:
        if comment_id is not None and session.get(Comment, comment_id) is None:
            raise moderate_claims.no_comment(comment_id)
        chosen = known_filter(session, view.query)
        return {
            "faults": chosen.faults,
            **_ways(chosen.wanted),
            "comment": comment_id,
            "queues": QUEUES,
            "categories": _categories(session),
            "tags": _tags(session),
        }


@page.fragment("spread", Topic.TIME)
def spread(view: View) -> dict[str, Any]:
    """How the scores are spread, and how many are meant."""
    with open_session(get_engine()) as session:
        wanted = known_filter(session, view.query).wanted
        return {
            **_ways(wanted),
            "histogram": histogram(session, wanted),
            "buckets": BUCKETS,
            "standing": queues.standing_size(session, wanted),
        }


@page.fragment("nexts", Topic.TIME, personal=True)
def nexts(view: View) -> dict[str, Any]:
    """Those that come next, and what can be done to all that are meant."""
    assert view.user_id is not None
    batch = view.query.get("batch", "")
    batch = batch if batch in moderate_acts.BATCHES else ""
    with open_session(get_engine()) as session:
        settle_held_for_long(session, now())
        session.commit()
        wanted = known_filter(session, view.query).wanted
        comment_id = id_in(view.query.get("comment", ""))
        here = None if comment_id is None else waiting.place_of(session, wanted, comment_id)
        viewer = Viewer(view.user_id, now())
        meant = moderate_acts.range_of(session, wanted, viewer) if batch else None
        found = waiting.page(session, wanted, viewer, limit=NEXT, beyond=here) if meant is None else meant
        following = found.beyond(here)[:NEXT]
        if meant is not None and len(following) < NEXT and len(meant.places) == acts.MOST:
            following = waiting.page(session, wanted, viewer, limit=NEXT, beyond=here).places
        return {
            **_ways(wanted),
            "of_newest": found.of_newest,
            "places": following,
            "batch": batch,
            "batches": moderate_acts.BATCHES,
            "most": acts.MOST,
            "meant": len(meant.places) if meant else 0,
            "not_all": meant is not None and meant.is_part,
            "form": new_form(session, view.user_id, "batch", batch, wanted),
            "comment": comment_id,
        }


@page.fragment("item", Topic.COMMENTS, Topic.TIME, personal=True)
def item(view: View) -> dict[str, Any]:
    """The comment, and who is at it. Whoever has claimed it keeps it for as long as they look."""
    assert view.user_id is not None
    comment_id = id_in(view.query.get("comment", ""))
    with open_session(get_engine()) as session:
        wanted = known_filter(session, view.query).wanted
        if comment_id is None:
            return {"item": None, "asked": view.query.get("comment", ""), **_desk(session, wanted)}
        found = load(session, comment_id)
        if found is None:
            raise moderate_claims.no_comment(comment_id)
        claim = claims.renew(session, comment_id, view.user_id, now())
        is_mine = claim is not None and claim.user_id == view.user_id
        session.commit()
        return {
            "item": found,
            **_ways(wanted),
            "reasons": _reasons(session),
            "reason_needed": get_settings().require_reason_to_reject,
            "names": {tag.id: tag.attribute for tag in _tags(session)},
            "claim": claim,
            "meanwhile": found.decided_since(claim.since, view.user_id) if claim and is_mine else None,
            "holder": _name(session, claim) if claim and not is_mine else "",
            "forms": {
                name: new_form(session, view.user_id, comment_id, found.mark, name) for name in acts.NAMES
            },
            **_text(found, view.query.get("mark", "")),
            **_article(session, found.article),
        }


@page.fragment("acts", Topic.COMMENTS, personal=True)
def my_acts(view: View) -> dict[str, Any]:
    """What became of the reader's last acts."""
    assert view.user_id is not None
    with open_session(get_engine()) as session:
        wanted = known_filter(session, view.query).wanted
        found = outcomes(session, view.user_id, now())
        session.commit()
        form = new_form(session, view.user_id, "undo")
        return {"outcomes": found, "form": form, **_ways(wanted)}


@dataclass(frozen=True)
class Waits:
    """A line of what waits. `begins`: the part of an address that means it; None: nothing is begun with there."""

    label: str
    sizes: dict[Queue, Standing]
    begins: str | None = None


def _desk(session: Session, wanted: Wanted) -> dict[str, Any]:
    """How many wait in which queue, by category: what is shown while no comment is."""
    loose = standing.without_category(session)
    lines = [
        Waits(one.label, _by_queue(standing.of_category(one)), query_of(Wanted(category_id=one.id)))
        for one in _categories(session)
    ]
    if any(_by_queue(loose).values()):
        lines.append(Waits("Without a category", _by_queue(loose), query_of(Wanted(category_id=NO_CATEGORY))))
    all_of_them = _by_queue(standing.of_categories(session) + loose)
    some_wait = any(all_of_them.values())
    return {"waits": [*lines, Waits("All", all_of_them)], "some_wait": some_wait, **_ways(wanted)}


def _by_queue(sizes: Sizes) -> dict[Queue, Standing]:
    return {queue: sizes.of(queue) for queue in QUEUES}


def _ways(wanted: Wanted) -> dict[str, Any]:
    """What templates make addresses and forms of."""
    return {"wanted": wanted, "to": address, "query": query_of(wanted)}


def _categories(session: Session) -> Sequence[Category]:
    return session.scalars(select(Category).order_by(Category.label)).all()


def _tags(session: Session) -> Sequence[Tag]:
    return session.scalars(select(Tag).order_by(func.lower(Tag.label))).all()


def _reasons(session: Session) -> Sequence[Tag]:
    """What a comment can be tagged with, or rejected for: what OSMod says can, else everything."""
    tags = _tags(session)
    return [tag for tag in tags if tag.is_taggable] or tags


def _name(session: Session, claim: Claim) -> str:
    user = session.get(User, claim.user_id)
    return user.name if user else f"user {claim.user_id}"


def _article(session: Session, article: Article | None) -> dict[str, Any]:
    """The beginning of an article without tags, and where it is published, if that is a page."""
    if article is None:
        return {"article_text": "", "article_url": ""}
    # With its tags a beginning may be some times as long; of a very long article no more is read.
    read = session.scalar(select(func.substr(Article.text, 1, 4 * BEGINNING)).where(Article.id == article.id))
    text = unescape(strip_tags(read or "")).strip()
    beginning = text if len(text) <= BEGINNING else f"{text[:BEGINNING]}…"
    is_page = split_address(article.url).scheme in ("http", "https")
    return {"article_text": beginning, "article_url": article.url if is_page else ""}


def _text(found: Item, attribute: str) -> dict[str, Any]:
    """The text in pieces, marked by one attribute if it is asked for."""
    comment: Comment = found.comment
    known = {span.attribute for span in found.spans}
    chosen = attribute if attribute in known else None
    return {
        "pieces": pieces(comment.text, notable(found.spans, chosen, MARKED)),
        "marking": chosen,
        "markable": known,
    }
