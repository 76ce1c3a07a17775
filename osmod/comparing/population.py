"""Which comments are compared: those that the old scorer scored and that are decided, a sample of each kind.

Of what rules decide moderators see nothing, or only what somebody complained of: to judge scorers by that would be to
judge them by their errors alone. So comments that a rule ever accepted or rejected tell how often a rule would apply,
and no more.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b

from sqlalchemy import Engine, Select, func, select

from osmod.moderation.database import open_session
from osmod.moderation.models import Article, Comment, CommentScore, Decision

#: Comments that are looked at in one short transaction: on SQLite nobody else writes meanwhile.
PAGE = 2000


class Kind(StrEnum):
    """What was decided on a comment, and by whom."""

    ACCEPTED = "accepted by moderators"
    REJECTED = "rejected by moderators"
    RULED = "decided by rules"


@dataclass(frozen=True)
class Wanted:
    """What to compare on. `sample`: at most so many comments; `seed`: the same one chooses the same comments."""

    old_id: int
    sample: int
    seed: int
    since: datetime | None = None
    category_id: int | None = None


@dataclass
class Chosen:
    """Ids by kind, and how many there are of each kind in all. `revised`: rules decided, then moderators otherwise."""

    ids: dict[Kind, list[int]] = field(default_factory=lambda: {kind: [] for kind in Kind})
    sizes: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(Kind, 0))
    revised: int = 0

    def weight(self, kind: Kind) -> float:
        """For how many comments one of this kind stands."""
        return self.sizes[kind] / len(self.ids[kind])

    def all_ids(self) -> list[int]:
        """Every comment of the sample, in order."""
        return sorted(comment_id for ids in self.ids.values() for comment_id in ids)


def choose(engine: Engine, wanted: Wanted) -> Chosen:
    """Draw the sample: as many of each kind, as far as there are, and of the others where one has fewer.

    A comment is drawn by a hash of its id and the seed: comments that come in later push out a few, and all others
    stay, so that what was asked before counts in the next run.
    """
    chosen = Chosen()
    drawn: dict[Kind, list[tuple[int, int]]] = {kind: [] for kind in Kind}
    for comment_id, kind, revised in _decided(engine, wanted):
        chosen.sizes[kind] += 1
        chosen.revised += revised
        _keep(drawn[kind], (-_lot(wanted.seed, comment_id), comment_id), wanted.sample)
    for kind, count in shares(chosen.sizes, wanted.sample).items():
        chosen.ids[kind] = [comment_id for _, comment_id in heapq.nlargest(count, drawn[kind])]
    return chosen


def shares(sizes: Mapping[Kind, int], total: int) -> dict[Kind, int]:
    """`total` dealt out over the kinds evenly; what a kind has too few for, goes to the others."""
    dealt: dict[Kind, int] = {}
    for at, kind in enumerate(sorted(sizes, key=lambda kind: sizes[kind])):
        dealt[kind] = min(sizes[kind], (total - sum(dealt.values())) // (len(sizes) - at))
    return dealt


def _keep(drawn: list[tuple[int, int]], one: tuple[int, int], most: int) -> None:
    if len(drawn) < most:
        heapq.heappush(drawn, one)
    else:
        heapq.heappushpop(drawn, one)


def _lot(seed: int, comment_id: int) -> int:
    return int.from_bytes(blake2b(f"{seed}:{comment_id}".encode(), digest_size=8).digest())


def _decided(engine: Engine, wanted: Wanted) -> Iterator[tuple[int, Kind, bool]]:
    """Every comment that counts, its kind, and whether moderators took back what a rule decided."""
    after = 0
    while True:
        with open_session(engine) as session:
            page = session.execute(_page(wanted, after)).all()
            accepted: dict[int, bool | None] = {row.id: row.is_accepted for row in page}
            scored = session.scalars(_scored(wanted.old_id, accepted)).all()
            rows = session.execute(
                select(Decision.comment_id, Decision.source, Decision.status, Decision.is_current_decision)
                .where(Decision.comment_id.in_(scored))
                .order_by(Decision.id)
            ).all()
        if not page:
            return
        by_comment: dict[int, list[_Decided]] = {}
        for comment_id, source, status, is_current in rows:
            if comment_id is not None:
                by_comment.setdefault(comment_id, []).append(_Decided(source, status, is_current))
        for comment_id, decisions in sorted(by_comment.items()):
            if kind := _kind(accepted[comment_id], decisions):
                yield comment_id, kind, _is_revised(decisions)
        after = page[-1].id


def _scored(old_id: int, comment_ids: Collection[int]) -> Select[int | None]:
    """Those of the comments that the old scorer scored."""
    # By the index of comments: that of scorers leads to all that this one ever scored, for each page.
    is_old = func.coalesce(CommentScore.user_id, 0) == old_id
    scores = select(CommentScore.comment_id).where(CommentScore.comment_id.in_(comment_ids), is_old)
    return scores.where(CommentScore.source_type == "Machine").distinct()


def _page(wanted: Wanted, after: int) -> Select[int, bool | None]:
    statement = select(Comment.id, Comment.is_accepted).where(Comment.id > after)
    if wanted.since is not None:
        statement = statement.where(Comment.created_at >= wanted.since)
    if wanted.category_id is not None:
        statement = statement.join(Article).where(Article.category_id == wanted.category_id)
    return statement.order_by(Comment.id).limit(PAGE)


@dataclass(frozen=True)
class _Decided:
    source: str
    status: str
    is_current: bool


def _kind(is_accepted: bool | None, decisions: Sequence[_Decided]) -> Kind | None:
    """None: nobody decided, or a moderator has deferred it, or taken the decision back since (quirks 6 and 7)."""
    last = _current(decisions)
    if _ruled(decisions) or (last is not None and last.source == "Rule"):
        return Kind.RULED
    if last is None or last.status == "Defer" or (last.status == "Accept") is not is_accepted:
        return None
    return Kind.ACCEPTED if is_accepted else Kind.REJECTED


def _is_revised(decisions: Sequence[_Decided]) -> bool:
    last = _current(decisions)
    ruled = _ruled(decisions)
    return bool(ruled) and last is not None and last.source == "User" and last.status != ruled[-1]


def _ruled(decisions: Sequence[_Decided]) -> list[str]:
    """What rules accepted or rejected. Moderators see all that is deferred, so that leaves them unswayed."""
    return [one.status for one in decisions if one.source == "Rule" and one.status != "Defer"]


def _current(decisions: Iterable[_Decided]) -> _Decided | None:
    current = [decision for decision in decisions if decision.is_current]
    return current[-1] if current else None
