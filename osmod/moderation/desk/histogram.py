"""How the scores of the comments that wait are spread, and how many of them are chosen by their scores."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Integer, case, cast, func, select
from sqlalchemy.orm import Session

from osmod.moderation.desk.queues import Wanted, in_range, meant, plan

#: Buckets of equal width from 0 to 1; 1 itself is in the last.
BUCKETS = 20
#: Rounding is done half a bucket below, and never at a half, where databases differ.
_HALF = 0.49999


@dataclass(frozen=True)
class Histogram:
    """Comments by bucket.

    Attributes:
      unscored: those without a score.
      chosen: those with a score in the range that is chosen.
      of_newest: only so many were looked at; None: all.
    """

    buckets: tuple[int, ...]
    unscored: int
    chosen: int
    of_newest: int | None = None

    @property
    def highest(self) -> int:
        """The size of the largest bucket."""
        return max(self.buckets)


def histogram(session: Session, wanted: Wanted) -> Histogram:
    """The spread of what is meant, over all scores: the range that is chosen makes no difference."""
    way = plan(session, wanted)
    rows = meant(replace(wanted, lower=0.0, upper=1.0), way).subquery()
    bucket = cast(func.round(rows.c.score * BUCKETS - _HALF), Integer)
    chosen = func.sum(case((in_range(wanted, rows.c.score), 1), else_=0))
    sizes = [0] * BUCKETS
    unscored = in_all = 0
    for number, count, of_range in session.execute(select(bucket, func.count(), chosen).group_by(bucket)):
        in_all += int(of_range)
        if number is None:
            unscored += count
        else:
            sizes[min(max(number, 0), BUCKETS - 1)] += count
    return Histogram(tuple(sizes), unscored, in_all, way.of_newest)
