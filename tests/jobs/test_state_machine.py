"""Random sequences of everything that can happen to jobs, against a model of ten lines."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from typing import Any

import dramatiq
from dramatiq import Message
from dramatiq.common import current_millis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from osmod.jobs import queues
from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import InvalidOption
from osmod.jobs.queue.job import Job
from osmod.jobs.states import JobState
from osmod.jobs.steering.invariants import check
from tests.redis_servers import Server
from tests.waiting import until

BASE = "dramatiq:{default}:"
TEXTS = st.sampled_from(["", "key", "{key}", "a b", "a\r\nb", "\0", "half \ud800 pair", "é" * 500])
NUMBERS = st.sampled_from(
    [0, 1, -1, 3.5, 10**13, 10**19, 10**400, 1e305, math.nan, math.inf, -math.inf, "", None]
)
#: Options as nobody in their right mind sets them, and some that are fine.
HOSTILE = st.fixed_dictionaries(
    {},
    optional={
        "unique": TEXTS,
        "unique_ttl": NUMBERS,
        "unique_for": NUMBERS,
        "unique_until": st.sampled_from(["done", "started", "never", ""]),
        "priority": NUMBERS,
        "eta": NUMBERS,
        "backoff": NUMBERS,
        "max_backoff": NUMBERS,
        "remove_on_complete": st.sampled_from([False, None, 0]),
    },
)


@dataclass
class Model:
    """What the queue should hold."""

    state: dict[str, JobState] = field(default_factory=dict)
    place: dict[str, tuple[int, int]] = field(default_factory=dict)
    priority: dict[str, int] = field(default_factory=dict)
    arrivals: int = 0
    paused: bool = False

    def line_up(self, message_id: str) -> None:
        """Behind all others of its priority."""
        self.arrivals += 1
        self.place[message_id] = (self.priority[message_id], self.arrivals)
        self.state[message_id] = JobState.WAITING

    def next(self) -> str | None:
        """Which job a worker should get."""
        waiting = [one for one, state in self.state.items() if state is JobState.WAITING]
        return min(waiting, key=self.place.__getitem__) if waiting and not self.paused else None


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
        self.model = Model()
        self.adopted: set[str] = set()

    def teardown(self) -> None:
        """Leave no connection."""
        self.consumer.close()
        self.broker.close()

    def tell(self) -> None:
        """Have Redis learn of settlements and notice what is due or lost."""
        while self.broker.custody.holdings("default").pending:
            self.broker.custody.holdings("default").flush(self.broker.links)
        self.broker.custody.holdings("default").exchange(self.broker.links, b"", 0)

    @rule(target=sent, priority=st.integers(-1, 1), delayed=st.booleans())
    def enqueue(self, priority: int, delayed: bool) -> Message[Any]:
        message: Message[Any] = Message("default", "any", (), {}, {"priority": priority})
        self.broker.enqueue(message, delay=3_600_000 if delayed else None)
        self.model.priority[message.message_id] = priority
        if delayed:
            self.model.state[message.message_id] = JobState.DELAYED
        else:
            self.model.line_up(message.message_id)
        return message

    @rule(options=HOSTILE, argument=TEXTS)
    def enqueue_with_anything(self, options: dict[str, Any], argument: str) -> None:
        """One message with any options between two good ones: all are stored, or none."""
        between: Message[Any] = Message("default", "any", (argument,), {}, options)
        good: list[Message[Any]] = [Message("default", "any", (), {}, {}) for _ in range(2)]
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
        if message.message_id in self.model.state:
            self.broker.enqueue(message)

    @rule(target=held)
    def fetch(self) -> Any:
        expected = self.model.next()
        self.consumer.prefetch = len(self.consumer.queued_message_ids) + 1
        if expected and (lost := self.consumer._holdings.held.get(expected)):
            # Still in hand here: it is held under the new lease, and not given out a second time.
            old = lost.token
            assert until(lambda: next(self.consumer) or lost.token != old, 5) is True
            self.model.state[expected] = JobState.ACTIVE
            self.adopted.add(expected)
            return None
        job = until(lambda: next(self.consumer), 5) if expected else next(self.consumer)
        assert (job and job.message_id) == expected
        if expected:
            self.model.state[expected] = JobState.ACTIVE
        return job

    @rule(job=consumes(held), how=st.sampled_from(["done", "failed", "retry", "retry later", "hand back"]))
    def settle(self, job: Job | None, how: str) -> None:
        if job is None:
            return
        if how == "failed":
            self.consumer.nack(job)
        elif how == "hand back":
            self.consumer.requeue([job])
        else:
            if how != "done":
                self.broker.enqueue(job, delay=3_600_000 if how == "retry later" else 0)  # type: ignore[arg-type]
            self.consumer.ack(job)
        self.tell()
        if self.model.state.get(job.message_id) is not JobState.ACTIVE:
            return  # Cancelled or purged meanwhile: what its worker says is refused.
        if how == "retry":
            self.model.line_up(job.message_id)
        else:
            self.model.state[job.message_id] = {
                "done": JobState.DONE,
                "failed": JobState.FAILED,
                "retry later": JobState.DELAYED,
                "hand back": JobState.WAITING,
            }[how]

    @rule(target=lost, job=consumes(held))
    def lose_lease(self, job: Job | None) -> Any:
        if job is not None and self.model.state.get(job.message_id) is JobState.ACTIVE:
            self.server.client.zadd(BASE + "active", {f"{job.message_id} {job.token.decode()}": 1}, xx=True)
            self.tell()
            self.model.state[job.message_id] = JobState.WAITING
        return job

    @rule(job=consumes(lost), fails=st.booleans())
    def settle_too_late(self, job: Job | None, fails: bool) -> None:
        if job is not None:
            (self.consumer.nack if fails else self.consumer.ack)(job)
            self.tell()
            if self.model.state.get(job.message_id) is JobState.ACTIVE and job.message_id in self.adopted:
                self.model.state[job.message_id] = JobState.FAILED if fails else JobState.DONE
            self.adopted.discard(job.message_id)

    @rule(message=sent)
    def become_due(self, message: Message[Any]) -> None:
        if self.model.state.get(message.message_id) is JobState.DELAYED:
            self.server.client.zadd(BASE + "delayed", {message.message_id: 1}, xx=True)
            self.tell()
            self.model.line_up(message.message_id)

    @rule(message=sent)
    def cancel(self, message: Message[Any]) -> None:
        before = self.model.state.get(message.message_id)
        assert queues.cancel(self.broker, "default", message.message_id) == before
        if before in (JobState.WAITING, JobState.DELAYED, JobState.ACTIVE):
            self.model.state[message.message_id] = JobState.CANCELLED

    @rule()
    def pause(self) -> None:
        queues.pause(self.broker, "default")
        self.model.paused = True

    @precondition(lambda self: self.model.paused)
    @rule()
    def resume(self) -> None:
        queues.resume(self.broker, "default")
        self.model.paused = False

    @precondition(lambda self: len(self.model.state) > 6)
    @rule()
    def purge(self) -> None:
        self.broker.flush("default")
        self.model.state.clear()

    @invariant()
    def the_queue_is_sound_and_as_modelled(self) -> None:
        assert check(self.broker) == []
        counts = queues.counts(self.broker, "default")
        states = list(self.model.state.values())
        assert counts == queues.QueueCounts(
            waiting=states.count(JobState.WAITING),
            delayed=states.count(JobState.DELAYED),
            active=states.count(JobState.ACTIVE),
            done=states.count(JobState.DONE),
            failed=states.count(JobState.FAILED),
            cancelled=states.count(JobState.CANCELLED),
            paused=self.model.paused,
        )


def test_no_sequence_of_operations_breaks_an_invariant(server: Server) -> None:
    """Enqueue, fetch, ack, nack, retry, delay, lease loss, cancel, pause, purge, in any order."""
    machine = type("Machine", (QueueMachine,), {"server": server})
    thorough = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=500 if thorough else 40,
            stateful_step_count=60 if thorough else 30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
