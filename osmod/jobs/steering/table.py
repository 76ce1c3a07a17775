"""The acts on jobs in one table, for whatever offers them to operators: the command line, HTTP, pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from osmod.jobs.messages.options import parse_priority
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import count
from osmod.jobs.states import JobState
from osmod.jobs.steering import acts
from osmod.jobs.wire.queues import Queues


@dataclass(frozen=True)
class Parameter:
    """What an act has to be told besides which jobs.

    Attributes:
      name: the keyword by which the act's function takes it.
      stands_for: what it is, in a word.
      sentence: what may be given.
      read: the value of what was typed. Raises `InvalidOption` for what makes no sense.
    """

    name: str
    stands_for: str
    sentence: str
    read: Callable[[str], Any]


@dataclass(frozen=True)
class Outcome:
    """How many jobs an act changed; of one that reaches running jobs, how many of them are being interrupted."""

    changed: int
    interrupting: int | None = None

    @property
    def count(self) -> int:
        """Both together."""
        return self.changed + (self.interrupting or 0)

    def as_dict(self) -> dict[str, int]:
        """The outcome in values that JSON has."""
        if self.interrupting is None:
            return {"count": self.count}
        return {"count": self.count, "cancelled": self.changed, "interrupting": self.interrupting}


@dataclass(frozen=True)
class Act:
    """Something that an operator can do to jobs.

    Attributes:
      name: the verb, which is what the audit log calls it, too.
      sentence: what it does.
      states: those in which a job can be changed by it.
      future: what would become of jobs, after "would"; the parameter's name stands in braces.
      past: what became of them, after their number.
      function: does it, see `osmod.jobs.steering.acts`.
      parameter: what it has to be told, if anything.
      left: why it leaves jobs as they are, beside that they changed meanwhile.
    """

    name: str
    sentence: str
    states: tuple[JobState, ...]
    future: str
    past: str
    function: Callable[..., int | acts.Cancellation]
    parameter: Parameter | None = None
    left: str = ""

    def affected(self, wanted: JobFilter) -> JobFilter:
        """Those of the jobs meant that it can change."""
        return acts.affected(wanted, self.states)

    def rehearse(
        self, broker: Queues, wanted: JobFilter, *, by: str | None = None, reason: str = ""
    ) -> Outcome:
        """Count the jobs that it would change, and write that down."""
        return Outcome(acts.rehearse(broker, self.name, wanted, self.states, by=by, reason=reason))

    def would(self, broker: Queues, wanted: JobFilter, number: int, **told: Any) -> str:
        """What it would do to so many of the jobs meant, for whoever has to say yes to it."""
        sentence = f"{_jobs(number)} would {self.future.format(**told)}"
        if JobState.ACTIVE in self.states:
            running = count(broker, acts.affected(wanted, (JobState.ACTIVE,)))
            sentence += f", {running:,} of them interrupted while running"
        return f"{sentence}."

    def did(self, outcome: Outcome, meant: int = 0) -> str:
        """What became of so many jobs: `3 jobs cancelled, 1 job being interrupted; 1 was left as it is, …`."""
        interrupted = f", {_jobs(outcome.interrupting)} being interrupted" if outcome.interrupting else ""
        return f"{_jobs(outcome.changed)} {self.past}{interrupted}{self._left(meant - outcome.count)}"

    def _left(self, number: int) -> str:
        if number < 1:
            return ""
        left = "1 was left as it is" if number == 1 else f"{number:,} were left as they are"
        return f"; {left}: changed meanwhile{self.left}"

    @property
    def fits_no_job(self) -> str:
        """What is said where no job that is meant is in a state that it can change."""
        return f"No job fits that one can {self.name} ({', '.join(self.states)})."

    def run(self, broker: Queues, wanted: JobFilter, *, by: str | None = None, **told: Any) -> Outcome:
        """Do it to the jobs meant; `told` is the parameter's value, under its name, a `reason`, a `course`."""
        done = self.function(broker, wanted, by=by, **told)
        if isinstance(done, acts.Cancellation):
            return Outcome(done.cancelled, done.interrupting)
        return Outcome(done)


def _jobs(number: int) -> str:
    return f"{number:,} job{'s' * (number != 1)}"


def _typed_priority(text: str) -> int:
    return parse_priority(int(text) if text.lstrip("-").isdecimal() else text)


_PRIORITY = Parameter("to", "PRIORITY", "critical high medium normal low, or a number.", _typed_priority)

#: Every act on jobs. What is added here is offered wherever acts are.
ACTS = (
    Act(
        "retry",
        "Have failed and cancelled jobs run again, with all their attempts before them.",
        acts.RETRIABLE,
        "be retried",
        "retried",
        acts.retry,
        left=", or another job has the unique key",
    ),
    Act("promote", "Have delayed jobs run now.", acts.PROMOTABLE, "run now", "promoted", acts.promote),
    Act(
        "prioritise",
        "Give waiting and delayed jobs another priority; lower numbers run first.",
        acts.PRIORITISABLE,
        "have priority {to}",
        "prioritised",
        acts.prioritise,
        _PRIORITY,
    ),
    Act(
        "cancel",
        "Cancel jobs: waiting and delayed ones at once, running ones by interrupting them, within a second.",
        acts.CANCELLABLE,
        "be cancelled",
        "cancelled",
        acts.cancel,
        left=", or being interrupted already",
    ),
    Act(
        "delete",
        "Delete jobs and their records; running ones are left alone.",
        acts.DELETABLE,
        "be deleted",
        "deleted",
        acts.delete,
    ),
)
