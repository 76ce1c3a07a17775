"""Finds jobs: newest or oldest first, in pages, without holding up the queue."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from osmod.jobs.queue.presence import known_queues
from osmod.jobs.records.cursors import BadCursor, read_cursor, write_cursor
from osmod.jobs.records.filters import STATES, JobFilter
from osmod.jobs.records.planning import plan
from osmod.jobs.records.reading import get_jobs
from osmod.jobs.records.record import JobRecord
from osmod.jobs.records.walking import START, Budget, Found, Handful, Place, Source, sizes_of
from osmod.jobs.wire.queues import Queues

#: Jobs in a page, and jobs looked at for one, unless asked otherwise.
PAGE = 50
SCAN = 10_000


@dataclass(frozen=True)
class Page:
    """Jobs, in the order asked for, and how to go on.

    Attributes:
      jobs: those that fit.
      cursor: pass it to `find` for the next page; None: there is none.
      cut: the search ended with the jobs it was allowed to look at, so that further ones may fit: the cursor
        goes on from there.
      looked_at: how many jobs were looked at.
      unread: how many more running jobs, or jobs with an indexed argument, there are than are read at once; no
        cursor leads to them, `scan=None` does.
    """

    jobs: list[JobRecord]
    cursor: str | None
    cut: bool
    looked_at: int
    unread: int = 0


def find(
    broker: Queues,
    wanted: JobFilter | None = None,
    *,
    limit: int = PAGE,
    cursor: str | None = None,
    scan: int | None = SCAN,
    oldest: bool = False,
) -> Page:
    """One page of the jobs that fit.

    They are sorted by the moment that made them what they are: jobs that ended by when they did, running
    ones by their start, waiting ones by when they were sent, delayed ones by when they are due. Conditions
    without an index of their own are looked for job by job, `scan` jobs at most; the page says if more would
    have had to be looked at.

    Parameters:
      wanted: which jobs; all, if left out.
      limit: jobs in the page.
      cursor: of the page before.
      scan: jobs looked at at most; None looks at all.
      oldest: whether to begin with the oldest.

    Raises:
      BadCursor: `cursor` comes from somewhere else, or from a page in the other order.
    """
    wanted = wanted or JobFilter()
    if wanted.ids:
        jobs = _by_id(broker, wanted)
        return Page(jobs, None, False, len(jobs))
    places = _read_cursor(cursor, oldest)
    budget = Budget(scan)
    page: list[JobRecord] = []
    streams = {}
    unread = 0
    for unordered in plan(broker, wanted, bounded=scan is not None):
        unread += unordered.unread if isinstance(unordered, Handful) else 0
        source = replace(unordered, oldest=oldest)
        if places is None or source.name in places:
            after = places[source.name] if places else START
            streams[source.name] = (source, after)
    reached: dict[str, Place] = {name: after for name, (_, after) in streams.items()}
    more = False
    for name, found in _merged(broker, wanted, streams, budget, limit, oldest):
        if len(page) == limit:
            more = True
            break
        page.append(found.job)
        reached[name] = found.place
    cut = budget.spent and not more
    if cut:
        # All that was found has been taken, so what was looked at is done with.
        reached |= budget.places
    following = write_cursor(reached) if more or cut else None
    return Page(page, following, cut, budget.looked_at, unread)


def count(broker: Queues, wanted: JobFilter | None = None) -> int:
    """How many jobs fit, exactly. Conditions beyond state and queue look at every job there is."""
    wanted = wanted or JobFilter()
    if wanted.is_by_size:
        queues = [wanted.queue] if wanted.queue else known_queues(broker)
        sizes = [sizes_of(broker, name)[0] for name in queues]
        return sum(of_queue[state] for of_queue in sizes for state in wanted.states or STATES)
    return sum(len(ids) for ids in every_id(broker, wanted).values())


def every_id(broker: Queues, wanted: JobFilter) -> dict[str, list[str]]:
    """The ids of all jobs that fit, by queue; however many there are to be looked at.

    In each state those that came to it first stand first; jobs asked for by their ids stand as they were named.
    """
    found: dict[str, list[str]] = defaultdict(list)
    if wanted.ids:
        for job in _by_id(broker, wanted):
            found[job.queue].append(job.id)
    else:
        for source in plan(broker, wanted, bounded=False):
            found[source.queue] += reversed(list(source.every_id(broker, wanted)))
    # A job that moved on while it was looked for may have been met twice.
    return {queue_name: list(dict.fromkeys(ids)) for queue_name, ids in found.items()}


def _merged(
    broker: Queues,
    wanted: JobFilter,
    streams: dict[str, tuple[Source | Handful, Place]],
    budget: Budget,
    limit: int,
    oldest: bool,
) -> Iterator[tuple[str, Found]]:
    # Most of what the first step reads should end up on the page.
    portion = max(10, (limit + 1) // max(1, len(streams)))

    def tagged(name: str, source: Source | Handful, after: Place) -> Iterator[tuple[str, Found]]:
        for found in source.walk(broker, wanted, after, budget, portion):
            yield name, found

    walks = [tagged(name, source, after) for name, (source, after) in streams.items()]
    return heapq.merge(*walks, key=lambda pair: pair[1].moment, reverse=not oldest)


def _by_id(broker: Queues, wanted: JobFilter) -> list[JobRecord]:
    jobs: list[JobRecord] = []
    for queue_name in [wanted.queue] if wanted.queue else known_queues(broker):
        found = get_jobs(broker, queue_name, wanted.ids)
        jobs += [
            job
            for job in found
            if job and wanted.fits(job, broker.actors.get(job.actor)) and wanted.in_time(job)
        ]
    return jobs


def _read_cursor(cursor: str | None, oldest: bool) -> dict[str, Place] | None:
    if not cursor:
        return None
    try:
        read = read_cursor(cursor).items()
        places = {str(name): (str(score), str(job_id)) for name, (score, job_id) in read}
    except (ValueError, TypeError, AttributeError):
        raise BadCursor(f"cursor {cursor[:40]!r} is none that a page of jobs came with") from None
    if any(name.endswith(" oldest") != oldest for name in places):
        raise BadCursor("the cursor is that of a page in the other order")
    return places
