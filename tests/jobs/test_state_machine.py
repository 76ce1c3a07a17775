"""Random sequences of everything that can happen to jobs, against a model of what each does."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import count
from typing import Any

import dramatiq
import pytest
from dramatiq import Message
from dramatiq.common import current_millis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from osmod.jobs import steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import InvalidOption
from osmod.jobs.middleware.scripts import REPORT
from osmod.jobs.queue.job import Job
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.states import JobState
from osmod.jobs.steering.invariants import check
from tests.jobs.queue_model import LIVE, QueueModel
from tests.jobs.strategies import HOSTILE, JOB, TEXTS
from tests.queue_counts import queue_counts
from tests.redis_servers import Server
from tests.waiting import until

BASE = "dramatiq:{default}:"


def while_any(*states: JobState) -> Callable[[Any], Any]:
    """A rule is worth a step only while there is a job in one of these states, though it may meet others, too."""
    return precondition(lambda self: any(state in states for state in self.model.state.values()))


class QueueMachine(RuleBasedStateMachine):
    """Drives a real broker and consumer; after each step the invariants and the counts must hold."""

    server: Server
    sent = Bundle("sent")
    held = Bundle("held")
    lost = Bundle("lost")

    def __init__(self) -> None:
        super().__init__()
        self.server.client.flushall()
        self.broker = JobBroker(url=self.server.url)
        dramatiq.set_broker(self.broker)
        self.broker.declare_queue("default")
        self.consumer = self.broker.consume("default", prefetch=1, timeout=1)
        self.model = QueueModel()
        self.adopted: set[str] = set()
        self.numbers = count(1)

    def teardown(self) -> None:
        """Leave no connection."""
        self.consumer.close()
        self.broker.close()

    def tell(self) -> None:
        """Have Redis learn of settlements and notice what is due or lost."""
        while self.broker.custody.holdings("default").pending:
            self.broker.custody.holdings("default").flush(self.broker.links)
        self.broker.custody.holdings("default").exchange(self.broker.links, b"", 0)

    def enqueue_some(self, jobs: list[tuple[int, bool, str | None]]) -> Any:
        stored = []
        for priority, delayed, key in jobs:
            options: dict[str, Any] = {"priority": priority, **({"unique": f"key {key}"} if key else {})}
            message = self.message(options)
            if self.store(message, 3_600_000 if delayed else None):
                stored.append(message)
        return multiple(*stored)

    begin = initialize(target=sent, jobs=st.lists(JOB, min_size=6, max_size=12))(enqueue_some)
    enqueue = rule(target=sent, jobs=st.lists(JOB, min_size=1, max_size=5))(enqueue_some)

    def message(self, options: dict[str, Any], *arguments: Any) -> Message[Any]:
        """With an id of its own, the same whenever the sequence is run again."""
        return Message("default", "any", arguments, {}, options, f"job-{next(self.numbers)}")

    def store(self, message: Message[Any], delay: int | None = None) -> bool:
        """Send it. False if another job has its unique key."""
        sent = self.broker.enqueue(message, delay=delay)
        key = message.options.get("unique")
        holder = self.model.holder(key) if key else None
        assert sent.options.get("duplicate_of") == holder
        if holder:
            return False
        self.model.priority[message.message_id] = message.options["priority"]
        if key:
            self.model.key[message.message_id] = key
        if delay:
            self.model.state[message.message_id] = JobState.DELAYED
        else:
            self.model.line_up(message.message_id)
        return True

    @rule(options=HOSTILE, argument=TEXTS)
    def enqueue_with_anything(self, options: dict[str, Any], argument: str) -> None:
        """One message with any options between two good ones: all are stored, or none."""
        between, good = self.message(options, argument), [self.message({}) for _ in range(2)]
        try:
            stored = self.broker.send_many([good[0], between, good[1]])
        except InvalidOption:
            return
        for message in stored:
            if "duplicate_of" in message.options:
                continue
            self.model.priority[message.message_id] = int(message.options.get("priority") or 0)
            if (message.options.get("eta") or 0) > current_millis():
                self.model.state[message.message_id] = JobState.DELAYED
            else:
                self.model.line_up(message.message_id)

    @rule(message=sent)
    def enqueue_again(self, message: Message[Any]) -> None:
        """Nothing happens, unless it was deleted."""
        if message.message_id in self.model.state:
            self.broker.enqueue(message)
        else:
            self.store(message)

    @while_any(JobState.WAITING, JobState.DELAYED)
    @rule(target=held, number=st.integers(1, 4))
    def fetch(self, number: int) -> Any:
        return multiple(*filter(None, [self.fetch_next() for _ in range(number)]))

    def fetch_next(self) -> Job | None:
        """The job that is given out, which is the one that should be."""
        expected = self.model.next()
        self.consumer.prefetch = len(self.consumer.queued_message_ids) + 1
        if expected and (lost := self.consumer._holdings.held.get(expected)):
            # Still in hand here: it is held under the new lease, and not given out a second time.
            old = lost.token
            assert until(lambda: next(self.consumer) or lost.token != old, 5) is True
            self.model.state[expected] = JobState.ACTIVE
            self.adopted.add(expected)
            return None
        job: Any = until(lambda: next(self.consumer), 5) if expected else next(self.consumer)
        assert (job and job.message_id) == expected
        if expected:
            self.model.state[expected] = JobState.ACTIVE
        return job

    @rule(job=consumes(held), how=st.sampled_from(["done", "failed", "retry", "retry later", "hand back"]))
    def settle(self, job: Job, how: str) -> None:
        if how == "failed":
            self.consumer.nack(job)
        elif how == "hand back":
            self.consumer.requeue([job])
        else:
            if how != "done":
                self.broker.enqueue(job, delay=3_600_000 if how == "retry later" else 0)  # type: ignore[arg-type]
            self.consumer.ack(job)
        self.tell()
        state = {
            "done": JobState.DONE,
            "failed": JobState.FAILED,
            "retry": JobState.WAITING,
            "retry later": JobState.DELAYED,
            "hand back": JobState.WAITING,
        }[how]
        if self.model.end_run(job.message_id, state) and how == "retry":
            self.model.line_up(job.message_id)

    @rule(target=lost, job=consumes(held))
    def lose_lease(self, job: Job) -> Any:
        if self.model.state.get(job.message_id) is JobState.ACTIVE:
            self.server.client.zadd(BASE + "active", {f"{job.message_id} {job.token.decode()}": 1}, xx=True)
            self.tell()
            self.model.end_run(job.message_id, JobState.WAITING)
        return job

    @rule(job=consumes(lost), fails=st.booleans())
    def settle_too_late(self, job: Job, fails: bool) -> None:
        """It counts if the job was leased here anew meanwhile."""
        (self.consumer.nack if fails else self.consumer.ack)(job)
        self.tell()
        if job.message_id in self.adopted:
            self.model.end_run(job.message_id, JobState.FAILED if fails else JobState.DONE)
        self.adopted.discard(job.message_id)

    @while_any(JobState.DELAYED)
    @rule(message=sent)
    def become_due(self, message: Message[Any]) -> None:
        if self.model.state.get(message.message_id) is JobState.DELAYED:
            self.server.client.zadd(BASE + "delayed", {message.message_id: 1}, xx=True)
            self.tell()
            self.model.line_up(message.message_id)

    def known(self, message: Message[Any] | None) -> list[str]:
        """The ids of the jobs that an act is to be done to: one, or all there are."""
        if message is None:
            return list(self.model.state)
        return [message.message_id] if message.message_id in self.model.state else []

    @while_any(*LIVE)
    @rule(message=sent | st.none())
    def cancel(self, message: Message[Any] | None) -> None:
        """Running jobs end as cancelled when their worker says that they ended, unless they are done."""
        cancelled = steering.cancel(self.broker, _of(message))
        assert (cancelled.cancelled, cancelled.interrupting) == self.model.cancel(self.known(message))

    @while_any(JobState.ACTIVE)
    @rule()
    def look_who_is_to_stop(self) -> None:
        """As workers do, twice a second."""
        asked = REPORT.run(self.broker.links, BASE.encode(), [b"100"])
        assert {job_id.decode() for job_id in asked[::2]} == self.model.asked

    @while_any(JobState.FAILED, JobState.CANCELLED)
    @rule(message=sent)
    def retry(self, message: Message[Any]) -> None:
        assert steering.retry(self.broker, _of(message)) == sum(map(self.model.retry, self.known(message)))

    @while_any(JobState.DELAYED)
    @rule(message=sent | st.none())
    def promote(self, message: Message[Any] | None) -> None:
        """What is due first lines up first."""
        due = [job_id.decode() for job_id in self.broker.client.zrange(BASE + "delayed", 0, -1)]
        ids = due if message is None else self.known(message)
        assert steering.promote(self.broker, _of(message)) == sum(map(self.model.promote, ids))

    @while_any(JobState.WAITING, JobState.DELAYED)
    @rule(message=sent | st.none(), priority=st.integers(-2, 2))
    def prioritise(self, message: Message[Any] | None, priority: int) -> None:
        changed = steering.prioritise(self.broker, _of(message), priority)
        assert changed == self.model.prioritise(self.known(message), priority)

    @rule(message=sent)
    def delete(self, message: Message[Any]) -> None:
        assert steering.delete(self.broker, _of(message)) == self.model.delete(self.known(message))

    @rule(pause=st.sampled_from([True, False, False]))
    def pause_or_resume(self, pause: bool) -> None:
        changed = (steering.pause if pause else steering.resume)(self.broker, "default")
        assert changed == (pause != self.model.paused)
        self.model.paused = pause

    @precondition(lambda self: len(self.model.state) > 6)
    @rule()
    def purge(self) -> None:
        assert steering.purge(self.broker, "default") == self.model.delete(self.known(None))

    @precondition(lambda self: len(self.model.state) > 6)
    @rule()
    def flush(self) -> None:
        self.broker.flush("default")
        self.model.flush()

    @invariant()
    def the_queue_is_sound_and_as_modelled(self) -> None:
        assert check(self.broker) == []
        assert queue_counts(self.broker, "default") == self.model.counts()


def _of(message: Message[Any] | None) -> JobFilter:
    return JobFilter(queue="default", ids=(message.message_id,) if message else ())


@pytest.mark.timeout(900)  # The thorough profile takes minutes.
def test_no_sequence_of_operations_breaks_an_invariant(server: Server) -> None:
    """Enqueue, fetch, ack, nack, retry, delay, lease loss and all that operators do, in any order."""
    thorough = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
    run_state_machine_as_test(
        type("Machine", (QueueMachine,), {"server": server}),
        settings=settings(
            max_examples=500 if thorough else 40,
            stateful_step_count=60 if thorough else 40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
