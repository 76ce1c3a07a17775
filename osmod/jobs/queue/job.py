"""A job in a worker's hands: Dramatiq's message, and the lease under which it is held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dramatiq import Message, MessageProxy

from osmod.jobs.messages.arguments import logged

if TYPE_CHECKING:
    from osmod.jobs.worker.consumer import JobConsumer


class Job(MessageProxy):
    """What a consumer yields. To Dramatiq and its middleware it is the message.

    Attributes:
      id: the message id, as Redis has it.
      token: the lease's name; Redis refuses whatever comes under another.
      plain: whether no option of it or its actor needs any of Dramatiq's own middleware.
      suspect: whether a worker vanished while it held this job before.
      begun: whether a thread has taken it up; from then on only its end, or that of the process, ends its run.
      ended: whether how it ended has been noted.
      lost: whether its lease has passed on while it was held here.
      settlement: what to tell Redis once the job ends, where that is not "done": a retry, for instance.
      followups: messages that hooks wanted to send on this job's end while Redis was away, with delays. They
        are sent before the job is settled, so that neither is lost.
    """

    #: Once its run is over, a space, the milliseconds that it took, a space, and the name of its thread.
    ran: bytes = b""
    begun: bool = False

    def __init__(
        self, message: Message[Any], job_id: bytes, token: bytes, consumer: JobConsumer, marks: bytes
    ) -> None:
        # MessageProxy looks each of these up through __getattr__, several times a job.
        self.__dict__.update(message.__dict__)
        self._message = message
        self._exception: BaseException | None = None
        self.failed = False
        self.token = token
        self.consumer = consumer
        self.plain = False
        self.suspect = b"!" in marks
        self.done = b"D" if b"*" in marks else b"d"
        self.id = job_id
        self.ended = False
        self.lost = False
        self.settlement: tuple[bytes, ...] | None = None
        self.followups: list[tuple[Message[Any], int | None]] | None = None

    def __str__(self) -> str:
        """The job as a call, as logs show it: without what its actor calls sensitive."""
        return logged(self.consumer.broker.actors.get(self.actor_name), self._message)

    @property
    def untouched(self) -> bool:
        """Whether the job will be run again as if it had not begun: handed back, or postponed."""
        return self.settlement is not None and self.settlement[0] in (b"h", b"p")

    def adopt(self, token: bytes, marks: bytes) -> None:
        """Hold it under another lease from now on: it was leased again by the process that still has it."""
        self.token, self.lost = token, False
        self.suspect = b"!" in marks
        self.done = b"D" if b"*" in marks else b"d"
        if self.settlement is not None:
            self.settlement = under(self.settlement, token)

    def hand_back(self) -> None:
        """Have it return to its old place in the queue instead of ending."""
        self.settlement = (b"h", self.id, self.token)

    def postpone(self, millis: int) -> None:
        """Have it become due again later, no attempt counted, instead of ending."""
        self.settlement = (b"p", self.id, self.token, b"%d" % millis)


def under(settlement: tuple[bytes, ...], token: bytes) -> tuple[bytes, ...]:
    """A settlement as it is told under another lease."""
    kind, job_id, _, *rest = settlement
    return (kind, job_id, token, *rest)
