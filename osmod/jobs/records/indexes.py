"""The indexes by which jobs are found: by actor, by error class, and by the arguments an actor names.

Every job is in the index of its actor, every one whose last run failed in that of its error's class. An actor's option
`index=("comment_id",)` adds its jobs to an index of that argument. An index is a sorted set of ids in the
queue's slot; ids of jobs that are gone are met and dropped as new ones come (`lua/_prelude.lua`).
"""

from __future__ import annotations

from typing import Any

from osmod.jobs.messages.arguments import parameters, snake_case
from osmod.jobs.messages.indexing import indexed_by, number_of
from osmod.jobs.records.filters import JobFilter, readings
from osmod.jobs.wire.queues import Queues


def indexed_argument(broker: Queues, wanted: JobFilter) -> str | None:
    """One of the arguments asked for that all jobs that may fit are indexed by, if there is one.

    Without an actor asked for, every actor of this process that takes the argument must index it.
    """
    actors = [broker.actors[wanted.actor]] if wanted.actor in broker.actors else []
    if wanted.actor is None:
        actors = list(broker.actors.values())
    for name in map(snake_case, wanted.arguments):
        takers = [actor for actor in actors if name in parameters(actor) or name in indexed_by(actor)]
        if takers and all(name in indexed_by(actor) for actor in takers):
            return name
    return None


def ids_by_argument(broker: Queues, queue_name: str, name: str, wanted: JobFilter) -> list[str]:
    """The ids of a queue's jobs that probably have the value asked for."""
    value = next(value for asked, value in wanted.arguments.items() if snake_case(asked) == name)
    key = broker.key_base(queue_name).decode() + f"index:argument:{name}"
    found: dict[str, None] = {}
    for number in {number_of(one) for one in readings(value)}:
        ids: Any = broker.client.zrangebyscore(key, number, number)
        found |= dict.fromkeys(one.decode() for one in ids)
    return list(found)


def actor_index(actor_name: str) -> str:
    """The last part of the key of an actor's index; its scores are when jobs were sent, in ms."""
    return f"index:actor:{actor_name}"


def error_index(kind: str) -> str:
    """The last part of the key of an error class's index; its scores are when runs failed, in ms."""
    return f"index:error:{kind}"


def index_names(broker: Queues, queue_name: str) -> list[str]:
    """The names of a queue's indexes, such as `actor:acceptComments`."""
    names: Any = broker.client.smembers(broker.key_base(queue_name).decode() + "indexes")
    return sorted(name.decode() for name in names)
