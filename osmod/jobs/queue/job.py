"""A job in a worker's hands: Dramatiq's message, and the lease under which it is held."""

from __future__ import annotations

import re
from contextvars import ContextVar
from traceback import format_exception
from typing import Any, Protocol

from dramatiq import Message, MessageProxy

from osmod.jobs.messages.arguments import logged, named, scrubbed, secrets
from osmod.jobs.queue import settlements
from osmod.jobs.queue.coroutines import CoroutineRun
from osmod.jobs.queue.settlements import Settlement
from osmod.jobs.wire.queues import Queues

#: Of a job that was lost for the first time: beside any number of others.
FIRST_LOST = 1 << 30
_COMPANY = re.compile(rb"!(\d*)")


class Holder(Protocol):
    """What leased a job: a consumer."""

    #: Ids of the jobs that it leased, until Redis was told how they ended.
    queued_message_ids: set[str]

    @property
    def broker(self) -> Queues:
        """Whose job it is."""

    def settled(self) -> None:
        """Called once how the job ended is noted: have Redis told in time."""


class Reporting(Protocol):
    """Where a running job's reports go."""

    def progress(self, job: Job, done: float, total: float, message: str) -> None:
        """Note how far a job is."""

    def log(self, job: Job, text: str) -> None:
        """Note a line that a job logged."""

    def result(self, job: Job, value: Any) -> None:
        """Note what a job returned."""


class Job(MessageProxy):
    """What a consumer yields. To Dramatiq and its middleware it is the message.

    Attributes:
      id: the message id, as Redis has it.
      token: the lease's name; Redis refuses whatever comes under another.
      consumer: who leased it.
      plain: whether no option of it or its actor needs any of Dramatiq's own middleware.
      suspect: if a worker vanished while it held this job before, beside how many such jobs it may run in a process,
        itself counted: `FIRST_LOST` is no limit, 0 means beside no other job at all. Otherwise None.
      due: when it was due, as its message says, if it was delayed: milliseconds since 1970.
      retries: how often it was tried before this run, as its message says.
      begun: whether a thread has taken it up; from then on only its end, or that of the process, ends its run.
      ended: whether how it ended has been noted.
      lost: whether its lease has passed on while it was held here.
      settlement: what to tell Redis once the job ends, where that is not "done": a retry, for instance.
      followups: messages that hooks wanted to send on this job's end while Redis was away, with delays. They
        are sent before the job is settled, so that neither is lost.
      reports: where what it says of itself goes while it runs.
      company: the jobs that run in one call with it; see `osmod.jobs.worker.batches`.
      came_about: whether it has taken effect in the call of another one; what is left is its end.
      alone: whether it is to run in a call of its own, since one with others failed.
      run: as a coroutine, if it is run as one.
    """

    #: Once its run is over, a space, the milliseconds that it took, a space, and the name of its thread. Told when
    #: it is done.
    ran: bytes = b""
    begun: bool = False
    due: int | None = None
    retries: int = 0
    reports: Reporting | None = None
    company: tuple[Job, ...] = ()
    came_about: bool = False
    alone: bool = False
    run: CoroutineRun | None = None

    def __init__(
        self, message: Message[Any], job_id: bytes, token: bytes, consumer: Holder, marks: bytes
    ) -> None:
        # MessageProxy looks each of these up through __getattr__, several times a job.
        self.__dict__.update(message.__dict__)
        self._message = message
        self._exception: BaseException | None = None
        self.failed = False
        self.token = token
        self.consumer = consumer
        self.plain = False
        self.suspect = _suspicion(marks)
        self._done = settlements.DONE_WITH_TERMS if b"*" in marks else settlements.DONE
        self.id = job_id
        self.ended = False
        self.lost = False
        self.settlement: Settlement | None = None
        self.followups: list[tuple[Message[Any], int | None]] | None = None

    def __str__(self) -> str:
        """The job as a call, as logs show it: without what its actor calls sensitive."""
        return logged(self.consumer.broker.actors.get(self.actor_name), self._message)

    @property
    def untouched(self) -> bool:
        """Whether the job will be run again as if it had not begun: handed back, or postponed."""
        return self.settlement is not None and self.settlement[0] in settlements.INTERRUPTIONS

    def success(self) -> Settlement:
        """What to tell Redis of a run that raised nothing, or is to be tried again."""
        if self.settlement is None:
            return self._done, self.id, self.token, self.ran
        return settlements.having_run(self.settlement, self.ran)

    def failure(self) -> Settlement:
        """What to tell Redis of a run that failed the job, unless it does not count."""
        if self.untouched and self.settlement is not None:
            return self.settlement
        error = self._exception
        traceback = self.options.get("traceback") or "".join(format_exception(error) if error else ())
        reason = self._reason() or self.options.get("error", "failed")
        return settlements.failed(self.id, self.token, reason, self._scrubbed(traceback), self.ran)

    def adopt(self, token: bytes, marks: bytes) -> None:
        """Hold it under another lease from now on: it was leased again by the process that still has it."""
        self.token, self.lost = token, False
        self.suspect = _suspicion(marks)
        self._done = settlements.DONE_WITH_TERMS if b"*" in marks else settlements.DONE
        if self.settlement is not None:
            self.settlement = settlements.under(self.settlement, token)

    def hand_back(self) -> None:
        """Have it return to its old place in the queue instead of ending."""
        self.settlement = settlements.handed_back(self.id, self.token)

    def postpone(self, millis: int, reason: str = "") -> None:
        """Have it become due again later, no attempt counted, instead of ending. Its record says the reason."""
        self.settlement = settlements.postponed(self.id, self.token, millis, self._scrubbed(reason))

    def retry(self, millis: int, message: bytes) -> None:
        """Have it tried again later, with this message, instead of ending."""
        self.settlement = settlements.retried(self.id, self.token, millis, message, self._reason())

    def _reason(self) -> str:
        """Class and text of the error that its run raised, without secrets; empty if there was none."""
        error = self._exception
        return self._scrubbed(f"{type(error).__name__}: {error}") if error else ""

    def _scrubbed(self, text: str) -> str:
        # Here, because of what is cut off later nothing can be found again.
        actor = self.consumer.broker.actors.get(self.actor_name)
        return scrubbed(text, secrets(actor, named(actor, self.args, self.kwargs))) if actor else text


def _suspicion(marks: bytes) -> int | None:
    found = _COMPANY.match(marks) if marks else None
    return int(found[1] or FIRST_LOST) if found else None


#: The job at work here: in this thread, or in the coroutines and threads that its run started with its context.
running: ContextVar[Job | None] = ContextVar("running", default=None)
