"""What a run of faults came to: counted from the jobs' own log and from what the queue says."""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from dramatiq import Message

from tests.chaos import app
from tests.chaos.load import BIG, Accepted
from tests.chaos.targets import LEASE, REPLICATED, Target

#: Seconds within which a job of a killed worker starts again, as promised.
PROMISED = LEASE / 1000 + 1
#: Seconds after a fault during which it still tells: a server that was away has those who hold leases report first.
AFTERMATH = LEASE / 1000
#: Seconds before and after the moment in which a master is taken away or comes back, within which Redis may have
#: answered and not yet told a replica: `min-replicas-max-lag` lets it be so far behind, and batches of tens of
#: megabytes take their time; a master that was frozen notices only after its first answers that it is alone.
BEFORE, AFTER = float(REPLICATED["min_replicas_max_lag"]), 0.1
#: Jobs named in the output, of those that were lost, and invariants of those broken.
NAMED = 10


@dataclass
class Fault:
    """Something that was done to the queue, from when to when."""

    name: str
    began: float
    ended: float = float("inf")


@dataclass(frozen=True)
class Kill:
    """Worker processes killed, and the jobs that were running in them."""

    fault: Fault
    at: float
    processes: set[int]
    running: set[str]


@dataclass(frozen=True, order=True)
class Recovery:
    """A job of a killed worker that started again: after how long, and what else was wrong then or just before."""

    seconds: float
    meanwhile: tuple[str, ...]


@dataclass
class Outcome:
    """What a run came to.

    Attributes:
      in_force: what the servers were set to.
      sent, refused: accepted jobs, and calls that raised an error.
      big: how many of the jobs carried megabytes.
      done, given_up: accepted jobs that ran, and those failed for having killed workers.
      unreplicated: not done, but accepted in the very moment in which a master was taken away or came back.
      lost: the others, each with what is known of it.
      twice: jobs that ran to their end more than once.
      recovered: jobs that the queue took from workers that showed no sign of life.
      unsound: the invariants broken at the end.
    """

    in_force: str
    sent: int = 0
    refused: int = 0
    big: int = 0
    done: int = 0
    given_up: int = 0
    unreplicated: int = 0
    lost: list[str] = field(default_factory=list)
    twice: int = 0
    recovered: int = 0
    recoveries: list[Recovery] = field(default_factory=list)
    unsound: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def longest_undisturbed(self) -> float:
        """Seconds that the longest recovery took during which nothing else went wrong."""
        return max((one.seconds for one in self.recoveries if not one.meanwhile), default=0.0)

    @property
    def kept(self) -> bool:
        """Whether everything was as promised."""
        return not self.lost and not self.unsound and self.longest_undisturbed <= PROMISED

    def __str__(self) -> str:
        longest = max(self.recoveries, default=Recovery(0.0, ()))
        undisturbed = sum(1 for one in self.recoveries if not one.meanwhile)
        faults = ", ".join(f"{count} x {name}" for name, count in sorted(self.faults.items()))
        return (
            f"in force: {self.in_force}\n"
            f"faults: {faults}\n"
            f"sent {self.sent} ({self.big} of them of megabytes; calls refused with an error: {self.refused}), "
            f"done {self.done}, failed for killing workers {self.given_up}, lost {len(self.lost)}, "
            f"accepted in the moment of a failover and not replicated {self.unreplicated}, "
            f"run twice {self.twice}, recovered from lost leases {self.recovered}, "
            f"broken invariants {len(self.unsound)}\n"
            f"{len(self.recoveries)} jobs started again after the kill of their worker; the longest took "
            f"{longest.seconds:.2f} s (meanwhile: {', '.join(longest.meanwhile) or 'nothing'}), "
            f"of {undisturbed} that nothing else disturbed {self.longest_undisturbed:.2f} s "
            f"(promised: {PROMISED:g} s)"
            + "".join(f"\nlost: {name}" for name in self.lost[:NAMED])
            + "".join(f"\nbroken: {finding}" for finding in self.unsound[:NAMED])
        )


def count_jobs(
    outcome: Outcome, target: Target, log: Path, accepted: dict[str, Accepted], faults: list[Fault]
) -> None:
    """Count what became of the accepted jobs."""
    runs = Counter(name for name, *_ in app.events(log))
    given_up = {name for queue in target.queues for name in _given_up(target, queue) if not runs[name]}
    missing = [name for name in accepted if not runs[name] and name not in given_up]
    lost = [name for name in missing if not in_a_moment(accepted[name], target.failovers)]
    outcome.sent = len(accepted)
    outcome.big = sum(1 for name in accepted if name.startswith(BIG))
    outcome.done = sum(1 for name in accepted if runs[name])
    outcome.given_up = len(given_up)
    outcome.lost = [f"{name}, {_fate(target, accepted[name], faults)}" for name in lost]
    outcome.unreplicated = len(missing) - len(lost)
    outcome.twice = sum(1 for count in runs.values() if count > 1)
    outcome.recovered = sum(_recovered(target, queue) for queue in target.queues)
    outcome.faults = Counter(fault.name for fault in faults)


def recoveries(log: Path, kills: Iterable[Kill], faults: list[Fault]) -> list[Recovery]:
    """How long the jobs of killed workers took to start again."""
    found = []
    starts = app.events(log, "start")
    for kill in kills:
        again = {
            name: moment
            for name, process, moment in reversed(starts)
            if name in kill.running and process not in kill.processes and moment > kill.at
        }
        for moment in again.values():
            others = {
                fault.name
                for fault in faults
                if fault is not kill.fault and fault.began < moment and fault.ended + AFTERMATH > kill.at
            }
            found.append(Recovery(moment - kill.at, tuple(sorted(others))))
    return found


def in_a_moment(job: Accepted, failovers: list[float]) -> bool:
    """Whether what was accepted may be nowhere, since Redis answers before its replicas have what was written."""
    return any(job.began - AFTER <= failover <= job.at + BEFORE for failover in failovers)


def _fate(target: Target, job: Accepted, faults: list[Fault]) -> str:
    """What the queue knows of it, and the faults around the moment in which it was accepted."""
    key = f"dramatiq:{{{job.queue}}}:job:{job.message_id}"
    state = target.server_of(job.queue).ask("HGET", key, "state") or "without a record"
    around = [
        f"{fault.name} {fault.began - job.at:+.2f} to {fault.ended - job.at:+.2f} s" for fault in faults
    ]
    number = bisect([fault.began for fault in faults], job.at)
    return f"{state} in {job.queue}; around it: {', '.join(around[max(0, number - 1) : number + 1])}"


def _given_up(target: Target, queue: str) -> list[str]:
    """Jobs that happened to be alone in killed workers: the queue takes them to be what killed those."""
    server, base = target.server_of(queue), f"dramatiq:{{{queue}}}:"
    ids = server.ask("ZRANGE", f"{base}failed", 0, -1)
    records = [server.ask("HMGET", f"{base}job:{one}", "message", "error") for one in ids]
    return [
        Message.decode(message.encode()).args[0]
        for message, error in records
        if error.startswith("WorkerDied")
    ]


def _recovered(target: Target, queue: str) -> int:
    return int(target.server_of(queue).ask("HGET", f"dramatiq:{{{queue}}}:meta", "recovered") or 0)
