"""Jobs as a site's queue may hold them after a bad day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import dramatiq
from dramatiq import Actor, Message

from osmod.jobs.broker import JobBroker

#: Parts of the jobs that are delayed, done, failed; the others wait.
DELAYED, DONE, FAILED = 0.1, 0.1, 0.1
#: One job in so many is of the rare actor, and one failure in so many of the rare error.
RARE = 10_000
COMMENTS = 100_000


@dataclass(frozen=True)
class Filled:
    """What was stored. `some_id` is the id of a job sent early."""

    some_id: str


def fill(broker: JobBroker, jobs: int) -> Filled:
    """Store so many jobs: those to be done and failed first, taken by a consumer as a worker would."""
    actors = _actors(broker)
    messages = _messages(actors)
    first = next(messages)
    broker.send_many([first])
    ended = int(jobs * (DONE + FAILED))
    _send(broker, messages, ended - 1)
    _end(broker, ended, int(jobs * FAILED))
    for at in range(int(jobs * DELAYED)):
        broker.enqueue(next(messages), delay=3_600_000 + at)
    _send(broker, messages, jobs - ended - int(jobs * DELAYED))
    return Filled(first.message_id)


def _actors(broker: JobBroker) -> list[Actor[Any, Any]]:
    def run(comment_id: int, user_id: int | None = None, is_batch_action: bool = False) -> None:
        """Nothing runs here."""

    names = ("acceptComments", "rejectComments", "sendCommentForScoring")
    declared = [dramatiq.actor(run, actor_name=name, broker=broker, index=("comment_id",)) for name in names]
    return [*declared, dramatiq.actor(lambda: None, actor_name="heartbeat", broker=broker)]


def _messages(actors: list[Actor[Any, Any]]) -> Iterator[Message[Any]]:
    *common, rare = actors
    at = 0
    while True:
        at += 1
        if at % RARE == 7:
            yield rare.message()
        else:
            yield common[at % len(common)].message(comment_id=at % COMMENTS, user_id=at % 5000)


def _send(broker: JobBroker, messages: Iterator[Message[Any]], jobs: int) -> None:
    while jobs > 0:
        portion = list(islice(messages, min(jobs, 5_000)))
        broker.send_many(portion)
        jobs -= len(portion)


def _end(broker: JobBroker, jobs: int, failed: int) -> None:
    consumer = broker.consume("default", prefetch=200, timeout=100)
    every = max(1, jobs // max(1, failed))
    taken = 0
    while taken < jobs:
        job: Any = next(consumer)
        if job is None:
            continue
        taken += 1
        if taken % every == 0:
            error = KeyError if taken % (RARE * every) == 0 else TimeoutError
            job.stuff_exception(error("no answer within 5 seconds"))
            consumer.nack(job)
        else:
            consumer.ack(job)
    consumer.close()
