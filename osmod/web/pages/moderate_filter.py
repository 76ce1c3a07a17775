"""Which comments the address of the page *Moderate* means, and the addresses that lead on from there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.orm import Session

from osmod.moderation.desk.queues import NO_CATEGORY, Wanted
from osmod.moderation.desk.standing import QUEUES
from osmod.moderation.models import Article, Category, Tag
from osmod.web.pages.frame.words import figure

PATH = "/ui/moderate"
#: How an address says that articles without a category are meant.
NONE = "none"
#: What is no id of any row.
_LARGEST_ID = 2**32 - 1


@dataclass(frozen=True)
class Filter:
    """What is meant, and sentences about what of the address makes no sense; the rest of it counts."""

    wanted: Wanted
    faults: tuple[str, ...] = ()


def read_filter(query: Mapping[str, str]) -> Filter:
    """The filter of an address, not yet looked at in the database."""
    faults: list[str] = []
    queue = query.get("queue", "new")
    if queue not in QUEUES:
        faults.append(f"There is no queue {queue[:40]!r}; the new ones are shown.")
        queue = "new"
    lower = _score(query, "lower", 0.0, faults)
    upper = _score(query, "upper", 1.0, faults)
    if lower > upper:
        faults.append(f"No score lies from {figure(lower)} to {figure(upper)}; all scores are shown.")
        lower, upper = 0.0, 1.0
    ids = {name: _id(query, name, faults) for name in ("article", "tag")}
    ids["category"] = NO_CATEGORY if query.get("category") == NONE else _id(query, "category", faults)
    wanted = Wanted(queue, ids["category"], ids["article"], ids["tag"], lower, upper)  # type: ignore[arg-type]
    return Filter(wanted, tuple(faults))


def known_filter(session: Session, query: Mapping[str, str]) -> Filter:
    """The same, without what is not there."""
    found = read_filter(query)
    wanted, faults = found.wanted, list(found.faults)
    for name, model in (("category", Category), ("article", Article), ("tag", Tag)):
        row_id = getattr(wanted, f"{name}_id")
        if (
            row_id not in (None, NO_CATEGORY)
            and session.scalar(select(model.id).where(model.id == row_id)) is None
        ):
            faults.append(f"There is no {_WORDS[name]} {row_id} any more; all are shown.")
            wanted = replace(wanted, **_any(name))
    return Filter(wanted, tuple(faults))


def query_of(wanted: Wanted) -> str:
    """The part of an address that means these comments."""
    return urlencode(_members(wanted))


def address(wanted: Wanted, *, path: str = PATH, **more: Any) -> str:
    """The address of a page about these comments.

    Parameters:
      more: further parameters; those that are None are left out.
    """
    members = _members(wanted) | {name: value for name, value in more.items() if value is not None}
    return f"{path}?{urlencode(members)}" if members else path


def _any(name: str) -> dict[str, Any]:
    """What is wanted where no row of this kind is meant."""
    return {f"{name}_id": None}


_WORDS = {"category": "category", "article": "article", "tag": "attribute"}


def _members(wanted: Wanted) -> dict[str, str]:
    plain = Wanted()
    members = {
        "queue": wanted.queue,
        "category": NONE if wanted.category_id == NO_CATEGORY else wanted.category_id,
        "article": wanted.article_id,
        "tag": wanted.tag_id,
        "lower": wanted.lower,
        "upper": wanted.upper,
    }
    usual = (plain.queue, None, None, None, plain.lower, plain.upper)
    return {
        name: figure(value) if isinstance(value, float) else str(value)
        for (name, value), left_out in zip(members.items(), usual, strict=True)
        if value != left_out
    }


def _score(query: Mapping[str, str], name: str, otherwise: float, faults: list[str]) -> float:
    text = query.get(name, "").strip()
    if not text:
        return otherwise
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    if not 0 <= score <= 1:
        faults.append(
            f"{name}={text[:20]!r} is no score: a number from 0 to 1. {figure(otherwise)} is taken."
        )
        return otherwise
    return score


def _id(query: Mapping[str, str], name: str, faults: list[str]) -> int | None:
    text = query.get(name, "").strip()
    if not text:
        return None
    number = id_in(text)
    if number is None:
        faults.append(f"{name}={text[:20]!r} is no id of any {_WORDS[name]}; all are shown.")
    return number


def id_in(text: str) -> int | None:
    """The id of a row in a text; None: no row can have it."""
    if not (text.isascii() and text.isdigit()) or len(text) > 10:
        return None
    number = int(text)
    return number if 1 <= number <= _LARGEST_ID else None
