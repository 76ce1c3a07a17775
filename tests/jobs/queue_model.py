"""What a queue should hold after each thing that can happen to it, in as few words as that can be said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from osmod.jobs.states import JobState
from tests.queue_counts import QueueCounts

LIVE = (JobState.WAITING, JobState.DELAYED, JobState.ACTIVE)


@dataclass
class QueueModel:
    """Jobs by their ids. Acts return how many jobs they change, as the queue's own should."""

    state: dict[str, JobState] = field(default_factory=dict)
    #: Priority and arrival of jobs that waited at some time; they keep it while they run.
    place: dict[str, tuple[int, int]] = field(default_factory=dict)
    priority: dict[str, int] = field(default_factory=dict)
    #: The unique keys of jobs that came with one.
    key: dict[str, str] = field(default_factory=dict)
    #: Running jobs that were asked to stop.
    asked: set[str] = field(default_factory=set)
    arrivals: int = 0
    paused: bool = False

    def line_up(self, job_id: str) -> None:
        """Behind all others of its priority."""
        self.arrivals += 1
        self.place[job_id] = (self.priority[job_id], self.arrivals)
        self.state[job_id] = JobState.WAITING

    def next(self) -> str | None:
        """Which job a worker should get."""
        waiting = [one for one, state in self.state.items() if state is JobState.WAITING]
        return min(waiting, key=self.place.__getitem__) if waiting and not self.paused else None

    def holder(self, key: str | None) -> str | None:
        """Which job has a unique key: one that has not ended."""
        return next(
            (one for one, state in self.state.items() if state in LIVE and self.key.get(one) == key), None
        )

    def end_run(self, job_id: str, state: JobState) -> bool:
        """A run leaves its job in this state, or cancelled if it was asked to stop and is not done.

        False if it does not: nobody runs the job, or it was cancelled.
        """
        if self.state.get(job_id) is not JobState.ACTIVE:
            return False
        stopped = job_id in self.asked and state is not JobState.DONE
        self.asked.discard(job_id)
        self.state[job_id] = JobState.CANCELLED if stopped else state
        return not stopped

    def cancel(self, ids: Iterable[str]) -> tuple[int, int]:
        """What waits is cancelled; what runs is asked to stop, once. Returns how many of either."""
        cancelled = {one for one in ids if self.state[one] in (JobState.WAITING, JobState.DELAYED)}
        asked = {one for one in ids if self.state[one] is JobState.ACTIVE} - self.asked
        self.state.update(dict.fromkeys(cancelled, JobState.CANCELLED))
        self.asked |= asked
        return len(cancelled), len(asked)

    def retry(self, job_id: str) -> int:
        """What failed or was cancelled waits again, unless another has its key."""
        if self.state[job_id] not in (JobState.FAILED, JobState.CANCELLED):
            return 0
        if job_id in self.key and self.holder(self.key[job_id]):
            return 0
        self.line_up(job_id)
        return 1

    def promote(self, job_id: str) -> int:
        """What is delayed waits."""
        if self.state[job_id] is not JobState.DELAYED:
            return 0
        self.line_up(job_id)
        return 1

    def prioritise(self, ids: Iterable[str], priority: int) -> int:
        """What waits or is delayed has another priority; its arrival stays."""
        changed = [one for one in ids if self.state[one] in (JobState.WAITING, JobState.DELAYED)]
        for one in changed:
            self.priority[one] = priority
            if one in self.place:
                self.place[one] = (priority, self.place[one][1])
        return len(changed)

    def delete(self, ids: Iterable[str]) -> int:
        """All but what runs is gone."""
        gone = [one for one in ids if self.state[one] is not JobState.ACTIVE]
        for one in gone:
            del self.state[one]
        return len(gone)

    def flush(self) -> None:
        """Everything is gone."""
        self.state.clear()
        self.asked.clear()

    def counts(self) -> QueueCounts:
        """How many jobs are where."""
        sizes = {state.value: list(self.state.values()).count(state) for state in JobState if state.key}
        return QueueCounts(**sizes, paused=self.paused)
