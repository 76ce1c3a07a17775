"""What running jobs say of themselves: kept here for a moment, written together."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from osmod.jobs.messages.arguments import named, scrubbed, secrets
from osmod.jobs.middleware.scripts import REPORT
from osmod.jobs.queue.job import Job
from osmod.jobs.wire.link import curable
from osmod.jobs.wire.queues import Queues

_log = logging.getLogger(__name__)

#: Log lines kept of a job, the last ones; characters kept of a line and of a progress message.
LOG_LINES = 100
LINE_LENGTH = 1_000
MESSAGE_LENGTH = 200
#: Characters of JSON that a result may have to be kept.
RESULT_LENGTH = 64_000
#: Jobs reported on in one call.
_BATCH = 100


@dataclass(slots=True)
class Report:
    """What one job said and Redis has not been told."""

    job: Job
    hidden: list[str]
    progress: tuple[float, float, str] | None = None
    lines: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=LOG_LINES))
    result: str = ""
    run: str = ""

    def encoded(self) -> tuple[bytes, ...]:
        """The arguments that `lua/report.lua` takes for a job."""
        progress = ""
        if self.progress is not None:
            done, total, message = self.progress
            progress = json.dumps((done, total, scrubbed(message, self.hidden)))
        lines = "\n".join(
            f"{int(at * 1000)} {json.dumps(scrubbed(text, self.hidden))}" for at, text in self.lines
        )
        texts = (progress, lines, self.result, self.run)
        return (self.job.id, self.job.token, *(text.encode() for text in texts))


class Reports:
    """The reports of a process's jobs, each noted for less than a microsecond or two.

    Whatever a job says between two writes is written as one: the last progress, and the lines logged. A job
    that ends has its last words written before it is settled.
    """

    def __init__(self, broker: Queues) -> None:
        self._broker = broker
        self._lock = threading.Lock()
        #: What was noted and not written, by the jobs' ids.
        self.told: dict[str, Report] = {}

    def progress(self, job: Job, done: float, total: float, message: str) -> None:
        """Note how far a job is."""
        with self._lock:
            self._of(job).progress = (done, total, message[:MESSAGE_LENGTH])

    def log(self, job: Job, text: str) -> None:
        """Note a line that a job logged."""
        with self._lock:
            self._of(job).lines.append((time.time(), text[:LINE_LENGTH]))

    def result(self, job: Job, value: Any) -> None:
        """Note what a job returned. A result that is too long, or not JSON, is replaced by a text that says so."""
        try:
            text = json.dumps(value)
        except (TypeError, ValueError, RecursionError) as error:
            text = json.dumps(f"(not kept: {error})")
        if len(text) > RESULT_LENGTH:
            text = json.dumps(f"(not kept: {len(text)} characters, the limit is {RESULT_LENGTH})")
        with self._lock:
            self._of(job).result = text

    def running(self, job: Job, seconds: float, thread: str) -> None:
        """Note that a job has been running for so long, and in which thread."""
        with self._lock:
            self._of(job).run = f"{int(seconds * 1000)} {thread}"

    def write(self, queue_name: str, only: Job | None = None) -> dict[str, bytes]:
        """Write what was noted of a queue's jobs, or of one. Returns those asked to stop: ids and leases' tokens.

        Raises:
          ServerError, redis.RedisError, OSError: Redis is away; what was noted is kept for the next time.
        """
        base = self._broker.key_base(queue_name)
        asked: dict[str, bytes] = {}
        while True:
            reports = self._take(queue_name, only)
            try:
                arguments = chain.from_iterable(report.encoded() for report in reports)
                answer = REPORT.run(self._broker.links, base, [b"%d" % LOG_LINES, *arguments])
            except BaseException:
                self._put_back(reports)
                raise
            asked |= {job_id.decode(): token for job_id, token in zip(answer[::2], answer[1::2], strict=True)}
            if len(reports) < _BATCH:
                return asked

    def last_words(self, job: Job) -> None:
        """Write what was noted of a job that ends, if anything was. With Redis away, later."""
        if job.message_id not in self.told:
            return
        try:
            self.write(job.queue_name, job)
        except Exception as error:
            if not curable(error):
                raise
            _log.debug("What %s reported last is not written yet: %s", job.message_id, error)

    def queues(self) -> set[str]:
        """The queues of whose jobs something was noted."""
        with self._lock:
            return {report.job.queue_name for report in self.told.values()}

    def _of(self, job: Job) -> Report:
        report = self.told.get(job.message_id)
        if report is None or report.job is not job:
            actor = self._broker.actors.get(job.actor_name)
            hidden = secrets(actor, named(actor, job.args, job.kwargs))
            report = self.told[job.message_id] = Report(job, hidden)
        return report

    def _take(self, queue_name: str, only: Job | None) -> list[Report]:
        with self._lock:
            if only is not None:
                report = self.told.pop(only.message_id, None)
                return [report] if report else []
            names = [name for name, report in self.told.items() if report.job.queue_name == queue_name][
                :_BATCH
            ]
            return [self.told.pop(name) for name in names]

    def _put_back(self, reports: Iterable[Report]) -> None:
        with self._lock:
            for old in reports:
                new = self.told.setdefault(old.job.message_id, old)
                if new is not old and new.job is old.job:
                    new.progress = new.progress or old.progress
                    new.result = new.result or old.result
                    new.run = new.run or old.run
                    new.lines = deque([*old.lines, *new.lines], maxlen=LOG_LINES)
