"""A `JobBroker` that waits for jobs as Dramatiq's stub broker does: to run Dramatiq's own tests on."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from dramatiq import Broker, MessageProxy, Middleware

from osmod.jobs.broker import JobBroker


class _Failures(Middleware):
    """Keeps what jobs failed by for good, by queue."""

    def __init__(self) -> None:
        self.errors: dict[str, list[BaseException]] = defaultdict(list)

    def before_nack(self, broker: Broker, message: MessageProxy) -> None:
        error = message._exception or Exception("Message failed with unknown error")
        self.errors[message.queue_name].append(error)


class FailFastBroker(JobBroker):
    """Its `join` raises what an actor raised, if the job failed for good in this process."""

    fail_fast_default = True

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        self._failures = _Failures()
        self.add_middleware(self._failures)

    def join(
        self,
        queue_name: str,
        *,
        interval: int = 20,
        timeout: int | None = None,
        fail_fast: bool | None = None,
    ) -> None:
        """Wait until the queue is empty, then raise the first error that a job of it failed by, if told to."""
        super().join(queue_name, interval=interval, timeout=timeout)
        if self.fail_fast_default if fail_fast is None else fail_fast:
            for error in self._failures.errors[queue_name]:
                raise error from None
