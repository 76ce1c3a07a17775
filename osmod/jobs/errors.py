"""What can go wrong before a job runs, each with a message that says what to do next."""

from __future__ import annotations

import math
import os
import sys
from typing import NoReturn

import redis
from dramatiq.errors import ConnectionFailed, Retry
from dramatiq.middleware import MiddlewareError

#: The exit code of a process that cannot do what it is there for, nor could another in its place. Dramatiq's for
#: modules that cannot be imported is the same: `osmod worker` starts no other process.
UNUSABLE = 2


def end_process(sentence: str) -> NoReturn:
    """End this process before it takes a job, with what is wrong and what to do."""
    # To the file itself: Dramatiq may end before it has read what it puts in the place of `sys.stderr`.
    os.write(2, f"Error: {sentence}\n".encode())
    sys.exit(UNUSABLE)


class JobNotQueued(ConnectionFailed):
    """Redis could not be reached for as long as `send` waits, or cannot be used: the job was not queued.

    It is one of Dramatiq's `BrokerConnectionError`s. Sending the same message again is always safe: should an
    answer only have been lost on its way, the message id makes it one job.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)  # type: ignore[no-untyped-call]


class PutOff(Retry):
    """Raised in an actor: its job goes back to Redis for so long, as if this run had not begun.

    No attempt is counted, no thread is held, and the job's record says why it waits. Where there is no queue it is
    an error like others; on a broker that is not ours it is Dramatiq's `Retry`, which counts.

    Parameters:
      seconds: for how long, a thousandth at least.
      reason: why, in a few words without secrets: they are shown with the job.
    """

    def __init__(self, seconds: float, reason: str) -> None:
        self.seconds, self.reason = seconds, reason
        super().__init__(reason, delay=self.millis)

    @property
    def millis(self) -> int:
        """For how long, in milliseconds."""
        return max(1, math.ceil(self.seconds * 1000))


class JobRefused(MiddlewareError):
    """A job was queued so that it be seen as failed: what it was made of cannot run. The message says why."""


class UnknownOption(TypeError):
    """A message or `enqueue` carries an option that nothing here understands."""


class UnknownArgument(TypeError):
    """A message carries an argument by a name that its actor does not take; the message suggests what was meant."""


class InvalidOption(ValueError):
    """An option's value makes no sense; the message names the option and what it takes."""


class NoCurrentJob(RuntimeError):
    """`current_job()` was called where no job is running."""


class RedisUnusable(redis.ConnectionError):
    """Redis is there but cannot be used as the settings say; the message says what to correct.

    Unlike other connection errors there is no use in trying again.
    """
