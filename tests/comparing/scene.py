"""A site that a scorer served for a while: comments with its scores, and what moderators and rules decided on them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from osmod.moderation.models import Comment, CommentScore, CommentSummaryScore, Decision, single
from tests.moderation.world import World


@dataclass(frozen=True)
class Site:
    """The ids of what is there. `scores`: comment id → the old scorer's summary score for TOXICITY."""

    world: World
    old: int
    new: int
    toxicity: int
    category: int
    article: int
    scores: dict[int, float]


def build(
    world: World,
    count: int = 300,
    *,
    old: Mapping[str, Any] = MappingProxyType({}),
    new: Mapping[str, Any] = MappingProxyType({}),
    text: Callable[[int, float], str] = lambda number, score: f"<b>{score!r}</b>",
    decided: Callable[[random.Random, int, float], tuple[str, str] | None] | None = None,
) -> Site:
    """A site with comments.

    Parameters:
      old, new: columns of the scorers.
      text: of a comment, from its number and score; by default the score, so that a new scorer can go by it.
      decided: who decides what on a comment (source, status) from its number and score; by default, moderators reject
        it as probably as its score says.
    """
    source = random.Random(1)
    category = world.category()
    article = world.article(category)
    from_the_first: dict[str, Any] = {
        "group": "moderator",
        "is_active": True,
        "extra": {"endpointType": "perspective-api"},
    }
    first, second = world.user(**{**from_the_first, **old}), world.user(**{"group": "moderator", **new})
    toxicity = world.tag("TOXICITY")
    scores = {number: single(source.random()) for number in range(1, count + 1)}
    decide = decided or (lambda luck, _, score: ("User", "Reject" if luck.random() < score else "Accept"))
    verdicts = {number: decide(source, number, score) for number, score in scores.items()}
    world.bulk(Comment, [_comment(n, article, scores[n], verdicts[n], text) for n in scores])
    world.bulk(
        CommentSummaryScore,
        [{"comment_id": n, "tag_id": toxicity, "score": score} for n, score in scores.items()],
    )
    spans = [{"comment_id": n, "tag_id": toxicity, "score": score} for n, score in scores.items()]
    world.bulk(CommentScore, [{**span, "user_id": first, "source_type": "Machine"} for span in spans])
    decisions = [
        {"comment_id": n, "source": verdict[0], "status": verdict[1]}
        for n, verdict in verdicts.items()
        if verdict
    ]
    world.bulk(Decision, decisions)
    return Site(world, first, second, toxicity, category, article, scores)


def _comment(
    number: int,
    article: int,
    score: float,
    verdict: tuple[str, str] | None,
    text: Callable[[int, float], str],
) -> dict[str, Any]:
    accepted = {"Accept": True, "Reject": False}.get(verdict[1]) if verdict else None
    return {
        "id": number,
        "article_id": article,
        "source_id": f"c{number}",
        "author_source_id": "ann",
        "author": {},
        "text": text(number, score),
        "is_scored": True,
        "is_accepted": accepted,
        "is_moderated": verdict is not None,
        "max_summary_score": score,
    }
