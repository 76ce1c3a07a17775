"""What is known of the comments of the sample: what the old scorer gave them and what moderators decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from osmod.comparing.population import Chosen, Kind
from osmod.moderation.attributes import folded
from osmod.moderation.database import open_session
from osmod.moderation.models import (
    SUMMARY_SCORE,
    Article,
    Comment,
    CommentScore,
    CommentSummaryScore,
    Tag,
)
from osmod.moderation.rules import Rule
from osmod.moderation.surroundings import rules_where

T = TypeVar("T")

#: Comments whose rows are read in one short transaction.
PAGE = 500


@dataclass(frozen=True)
class Sampled:
    """One comment.

    Attributes:
      rejected: what moderators decided; None where a rule did.
      weight: for how many comments it stands.
      old: the old scorer's summary scores by folded name of the attribute.
      scores: all its summary scores by tag id, whichever scorer they are of.
      highest: the comment's highest summary score, as OSMod keeps it.
    """

    comment_id: int
    category_id: int | None
    rejected: bool | None
    weight: float
    old: Mapping[str, float]
    scores: Mapping[int, float]
    highest: float | None


@dataclass(frozen=True)
class Attribute:
    """A tag, as far as scores go. `tag_id` is below 0 for one that the new scorer's first answer would make."""

    tag_id: int
    name: str
    in_summary: bool


class Attributes:
    """Attributes by name, compared as OSMod does: blanks outside, case and accents make no difference."""

    def __init__(self, tags: Sequence[Attribute]) -> None:
        self._by_name = {folded(tag.name): tag for tag in tags}

    def of(self, name: str) -> Attribute:
        """The attribute of a name; one without a tag counts towards the highest score, as a new tag does."""
        key = folded(name)
        if key not in self._by_name:
            counts = key != folded(SUMMARY_SCORE)
            self._by_name[key] = Attribute(-1 - len(self._by_name), name.strip(), counts)
        return self._by_name[key]

    def of_tag(self, tag_id: int) -> Attribute:
        """The attribute of a tag."""
        return next(one for one in self._by_name.values() if one.tag_id == tag_id)

    @property
    def summary_tag_id(self) -> int | None:
        """The tag SUMMARY_SCORE, where it exists."""
        found = self._by_name.get(folded(SUMMARY_SCORE))
        return found.tag_id if found else None

    def counting(self) -> set[int]:
        """The tags that count towards a comment's highest score."""
        return {one.tag_id for one in self._by_name.values() if one.in_summary}


@dataclass
class Sample:
    """The comments drawn, with the tags and rules as they are now.

    `shared`: for how many comments another scorer gave the same attribute (folded name), so that the summary score may
    be either's (quirk 5) and is not used.
    """

    chosen: Chosen
    comments: list[Sampled]
    attributes: Attributes
    rules: list[Rule]
    shared: dict[str, int] = field(default_factory=dict)

    def old_names(self) -> list[str]:
        """The attributes of the old scorer, as their tags are spelt."""
        keys = {key for comment in self.comments for key in comment.old}
        return sorted(self.attributes.of(key).name for key in keys)


def read(engine: Engine, chosen: Chosen, old_id: int) -> Sample:
    """Read what is known of the comments drawn. Comments deleted since are left out."""
    with open_session(engine) as session:
        tags = session.execute(select(Tag.id, Tag.attribute, Tag.in_summary_score).order_by(Tag.id)).all()
        attributes = Attributes([Attribute(*row) for row in tags])
        rules = rules_where(session)
    sample = Sample(chosen, [], attributes, rules)
    names = {row.id: folded(row.attribute) for row in tags}
    kinds = {comment_id: kind for kind, ids in chosen.ids.items() for comment_id in ids}
    shared: dict[str, int] = defaultdict(int)
    for ids in pages(chosen.all_ids(), PAGE):
        with open_session(engine) as session:
            rows = _Rows(session, ids)
        for comment_id, category_id, highest in rows.comments:
            scores = rows.summaries[comment_id]
            given = rows.given[comment_id]
            for tag_id in given[old_id] & scores.keys():
                shared[names[tag_id]] += _is_shared(given, tag_id)
            old = {
                names[tag_id]: score
                for tag_id, score in scores.items()
                if tag_id in given[old_id] and not _is_shared(given, tag_id)
            }
            kind = kinds[comment_id]
            rejected = None if kind is Kind.RULED else kind is Kind.REJECTED
            sample.comments.append(
                Sampled(comment_id, category_id, rejected, chosen.weight(kind), old, scores, highest)
            )
    sample.shared = {name: count for name, count in shared.items() if count}
    return sample


class _Rows:
    """The rows of some comments: `given` is comment → scorer → tags that it gave a score for."""

    def __init__(self, session: Session, ids: Sequence[int]) -> None:
        self.comments = session.execute(
            select(Comment.id, Article.category_id, Comment.max_summary_score)
            .outerjoin(Article, Article.id == Comment.article_id)
            .where(Comment.id.in_(ids))
            .order_by(Comment.id)
        ).all()
        self.summaries: dict[int, dict[int, float]] = defaultdict(dict)
        for comment_id, tag_id, score in session.execute(
            select(CommentSummaryScore.comment_id, CommentSummaryScore.tag_id, CommentSummaryScore.score)
            .where(CommentSummaryScore.comment_id.in_(ids))
            .order_by(CommentSummaryScore.tag_id)
        ):
            self.summaries[comment_id][tag_id] = score
        self.given: dict[int, dict[int | None, set[int]]] = defaultdict(lambda: defaultdict(set))
        for of_comment, user_id, of_tag in session.execute(
            select(CommentScore.comment_id, CommentScore.user_id, CommentScore.tag_id)
            .where(
                CommentScore.comment_id.in_(ids),
                CommentScore.source_type == "Machine",
            )
            .distinct()
        ):
            if of_comment is not None and of_tag is not None:
                self.given[of_comment][user_id].add(of_tag)


def _is_shared(given: Mapping[int | None, set[int]], tag_id: int) -> bool:
    return sum(tag_id in tags for tags in given.values()) > 1


def pages(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """`items` in portions."""
    for begin in range(0, len(items), size):
        yield items[begin : begin + size]
