"""Where to look for jobs so that the least has to be looked at."""

from __future__ import annotations

from typing import Any

from osmod.jobs.queue.presence import known_queues
from osmod.jobs.records import indexes
from osmod.jobs.records.filters import STATES, JobFilter
from osmod.jobs.records.reading import get_job
from osmod.jobs.records.walking import PRIORITY_STEP, Handful, Source, millis, sizes_of
from osmod.jobs.states import JobState
from osmod.jobs.wire.queues import Queues

#: Running jobs, or jobs that share an indexed argument, of which the records are read for a page.
MOST_AT_ONCE = 5_000
#: What a job may be whose last run failed.
_WITH_ERROR = frozenset(STATES) - {JobState.DONE, JobState.CANCELLED}


def plan(broker: Queues, wanted: JobFilter, *, bounded: bool) -> list[Source | Handful]:
    """The stretches of sorted sets that hold every job that fits.

    `bounded` has no more than `MOST_AT_ONCE` read of what has to be read at once, running jobs and those of one
    indexed argument, in each queue.
    """
    most = MOST_AT_ONCE if bounded else None
    queues = [wanted.queue] if wanted.queue else known_queues(broker)
    argument = indexes.indexed_argument(broker, wanted)
    if wanted.parent and argument is None:
        return _sent_by(broker, wanted.parent, queues)
    found: list[Source | Handful] = []
    for queue_name in queues:
        if argument is not None:
            ids = indexes.ids_by_argument(broker, queue_name, argument, wanted)
            found.append(_handful(queue_name, f"index:argument:{argument}", ids, most, moment="created"))
        else:
            found += _of_queue(broker, queue_name, wanted, most)
    return found


def _sent_by(broker: Queues, parent: str, queues: list[str]) -> list[Source | Handful]:
    """Where jobs are that a job sent: it did while it was there, and by when they were sent all are indexed."""
    job = get_job(broker, parent)
    lowest = millis(job.created) if job else "-inf"
    highest = str(int(millis(job.finished)) + 1) if job and job.finished else "+inf"
    return [
        Source(queue, f"index:{index}", lowest, highest, "sent")
        for queue in queues
        for index in indexes.index_names(broker, queue)
        if index.startswith("actor:")
    ]


def _of_queue(broker: Queues, queue_name: str, wanted: JobFilter, most: int | None) -> list[Source | Handful]:
    sizes, bands = sizes_of(broker, queue_name)
    if wanted.error:
        if wanted.states and not _WITH_ERROR.intersection(wanted.states):
            return []
        return [_by_time(queue_name, indexes.error_index(wanted.error), wanted)]
    if wanted.actor:
        index = indexes.actor_index(wanted.actor)
        size: Any = broker.client.zcard(broker.key_base(queue_name).decode() + index)
        if size < sum(sizes[state] for state in wanted.states or STATES):
            # Whatever made a job what it is came after it was sent.
            return [Source(queue_name, index, highest=millis(wanted.until) or "+inf", moment="sent")]
    found: list[Source | Handful] = []
    for state in wanted.states or STATES:
        if sizes[state]:
            found += _of_state(broker, queue_name, state, bands, wanted, most)
    return found


def _of_state(
    broker: Queues, queue_name: str, state: JobState, bands: list[int], wanted: JobFilter, most: int | None
) -> list[Source | Handful]:
    key = str(state.key)
    if state is JobState.WAITING:
        starts = [band * PRIORITY_STEP for band in bands]
        return [Source(queue_name, key, str(at), str(at + PRIORITY_STEP - 1), "created") for at in starts]
    if state is JobState.ACTIVE:
        members: Any = broker.client.zrange(broker.key_base(queue_name).decode() + key, 0, -1)
        return [_handful(queue_name, key, [one.split()[0].decode() for one in members], most)]
    return [_by_time(queue_name, key, wanted)]


def _handful(queue_name: str, key: str, ids: list[str], most: int | None, moment: str = "started") -> Handful:
    read = ids[:most]
    return Handful(queue_name, key, tuple(read), len(ids) - len(read), moment)


def _by_time(queue_name: str, key: str, wanted: JobFilter) -> Source:
    return Source(queue_name, key, millis(wanted.since) or "-inf", millis(wanted.until) or "+inf")
