"""Telling Kue what became of the jobs that were taken from it."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import RedisUnusable
from osmod.jobs.events import JobEvent, JobEventKind
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.reading import get_job, get_jobs, get_states
from osmod.jobs.records.record import JobRecord
from osmod.jobs.states import JobState
from osmod.jobs.steering import cancel
from osmod.jobs.wire.resp import ServerError
from osmod.kue.foreign_keys import stopped_by_keys
from osmod.kue.jobs import known_by
from osmod.kue.keys import KueQueue
from osmod.kue.reports import report, report_of_none
from osmod.kue.scripts import ENDED, FORGET, LOOK, TELL

_log = logging.getLogger(__name__)

#: Jobs told of by one script.
BATCH = 100
#: Jobs looked at in one go, and seconds after which one is looked at again of which no event was heard.
LOOKED_AT = 500
LOOK_AGAIN = 5.0
#: Failed jobs looked at in one go.
LOOKED_BACK_AT = 200
#: Who cancels here what is gone from Kue.
_BY = "kue"


class Teller:
    """Writes back, from our records, what happened to jobs of one queue of Kue's. Each thing is written once, however
    many look at the same job, and however often.
    """

    def __init__(self, broker: JobBroker, kue: KueQueue) -> None:
        self._broker = broker
        self._kue = kue
        self._known = known_by(kue.prefix)
        #: Which failed jobs are looked at next: of which type, from which place on.
        self._type, self._place = 0, 0

    def hear(self, events: Iterable[JobEvent]) -> None:
        """Tell of the jobs of which these events are.

        Raises:
          ServerError, redis.RedisError, OSError: one of the two Redis is away.
        """
        queues: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for event in events:
            if event.kind is not JobEventKind.ENQUEUED and self._known.fullmatch(event.job_id):
                queues[event.queue][event.job_id] = None
        for queue, ids in queues.items():
            self._tell(queue, list(ids), unknown=False)

    def look(self, older: float = LOOK_AGAIN, most: int = LOOKED_AT) -> int:
        """Look at open jobs that nobody looked at for so many seconds. Returns how many.

        What was missed while nobody heard the events is told now.

        Raises:
          ServerError, redis.RedisError, OSError: one of the two Redis is away.
        """
        arguments = [b"%d" % (older * 1000), b"%d" % most, *(name.encode() for name in self._broker.actors)]
        answer: Any = LOOK.run(self._kue.links, self._kue.base, arguments)
        queues: defaultdict[str | None, list[str]] = defaultdict(list)
        for message_id, kind in zip(answer[::2], answer[1::2], strict=True):
            actor = self._broker.actors.get(kind.decode("utf-8", "replace"))
            queues[actor.queue_name if actor is not None else None].append(message_id.decode())
        for queue, ids in queues.items():
            self._tell(queue, self._worth_reading(queue, ids), unknown=True)
        return len(answer) // 2

    def look_back(self) -> None:
        """Look at some jobs that failed: one that an operator had run again while nobody heard the events is told of.

        Raises:
          ServerError, redis.RedisError, OSError: one of the two Redis is away.
        """
        actors = list(self._broker.actors.values())
        if not actors:
            return
        actor = actors[self._type % len(actors)]
        words = [actor.actor_name, str(self._place), str(LOOKED_BACK_AT)]
        answer: Any = ENDED.run(self._kue.links, self._kue.base, [word.encode() for word in words])
        looked, *found = answer
        self._place += looked
        if looked < LOOKED_BACK_AT:
            self._type, self._place = self._type + 1, 0
        ids = [message_id.decode() for message_id in found]
        if not ids:
            return
        states = get_states(self._broker, actor.queue_name, ids)
        again = (JobState.ACTIVE, JobState.DONE)
        changed = [one for one, state in zip(ids, states, strict=True) if state in again]
        self._tell(actor.queue_name, changed, unknown=False)

    def _worth_reading(self, queue: str | None, ids: Sequence[str]) -> Sequence[str]:
        """Thousands may wait here, of which there is nothing to tell unless they are gone from Kue."""
        if queue is None:
            return ids
        states = get_states(self._broker, queue, ids)
        return [
            message_id for message_id, state in zip(ids, states, strict=True) if state is not JobState.WAITING
        ]

    def _tell(self, queue: str | None, ids: Sequence[str], *, unknown: bool) -> None:
        """`unknown`: whether a job without a record here is told of, too."""
        for start in range(0, len(ids), BATCH):
            batch = ids[start : start + BATCH]
            records = get_jobs(self._broker, queue, batch) if queue is not None else [None] * len(batch)
            if unknown:  # its actor may have had another queue when it was sent
                records = [
                    record or get_job(self._broker, message_id)
                    for message_id, record in zip(batch, records, strict=True)
                ]
            reports = [
                report(record) if record is not None else report_of_none(message_id)
                for message_id, record in zip(batch, records, strict=True)
                if record is not None or unknown
            ]
            self._send(reports, [record for record in records if record is not None])

    def _send(self, reports: Sequence[dict[str, Any]], records: Sequence[JobRecord]) -> None:
        if not reports:
            return
        words = [json.dumps(one, ensure_ascii=False).encode("utf-8", "replace") for one in reports]
        answers = self._told(words)
        gone = {one["id"] for one, answer in zip(reports, answers, strict=True) if answer == b"gone"}
        if gone:
            self._let_go(gone, records)

    def _told(self, words: Sequence[bytes]) -> list[bytes]:
        """What the script answers; of jobs that it cannot tell of, because of what stands in their keys, nothing."""
        try:
            answers: Any = TELL.run(self._kue.links, self._kue.base, words)
        except (ServerError, RedisUnusable) as error:
            if not stopped_by_keys(error):
                raise
            if len(words) == 1:
                job = json.loads(words[0])["id"]
                _log.warning(
                    "Kue cannot be told of %s (%s): correct what stands in its keys there.", job, error
                )
                return [b""]
            return [answer for word in words for answer in self._told([word])]
        return list(answers)

    def _let_go(self, gone: set[str], records: Sequence[JobRecord]) -> None:
        """What is gone from Kue and waits here does not run. Only then it is forgotten, should this process die."""
        waiting = (JobState.WAITING, JobState.DELAYED)
        unwanted = tuple(record.id for record in records if record.id in gone and record.state in waiting)
        if unwanted:
            reason = "it is gone from Kue, or somebody else's there"
            cancel(self._broker, JobFilter(ids=unwanted, states=waiting), by=_BY, reason=reason)
            _log.info("Cancelled %d jobs that are gone from Kue.", len(unwanted))
        words = [str(len(self._broker.actors)), *self._broker.actors, *gone]
        FORGET.run(self._kue.links, self._kue.base, [word.encode() for word in words])
