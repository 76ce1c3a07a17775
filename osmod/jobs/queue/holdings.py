"""What this process holds of one queue: the jobs it leased, and endings that Redis has not been told yet."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from itertools import chain

from dramatiq.errors import BrokerConnectionError, ConnectionClosed

from osmod.jobs.queue.commands import Commands
from osmod.jobs.queue.job import Job
from osmod.jobs.queue.scripts import EXCHANGE, EXTEND, RECLAIM
from osmod.jobs.queue.settlements import ENDS, FAILED, Settlement, under
from osmod.jobs.wire.backoff import Backoff
from osmod.jobs.wire.link import Link, curable
from osmod.jobs.wire.links import Links

_log = logging.getLogger(__name__)

#: Settlements told to Redis in one call.
BATCH = 256
#: Seconds until jobs are looked at again whose followups could not be sent.
OWING_PAUSE = 1.0
#: Most jobs leased by one call, whatever the prefetch: a script holds up everyone else.
MOST_LEASED = 1000


class Holdings:
    """One queue's jobs in this process. Every consumer and worker thread of the queue shares it.

    A settlement (done, failed, to be retried, handed back) is only noted by the thread that ends the job; it
    travels with the next call for jobs, in batches, and is noted again if that call fails. Until Redis knows
    it, the job's lease is extended like that of a running one. A job whose lease passed on stays in `held`
    until its run is over: should it be leased here again, that run goes on under the new lease.

    A job from whose end something follows is settled once that is sent. Where it cannot be, the job alone waits.
    """

    def __init__(
        self,
        queue_name: str,
        base: bytes,
        terms: list[bytes],
        commands: Commands,
        send_followups: Callable[[Job], None],
    ) -> None:
        self.queue_name = queue_name
        self.base = base
        self.held: dict[str, Job] = {}
        self.pending: deque[tuple[Job, Settlement]] = deque()
        self._terms = terms
        self._commands = commands
        self._send_followups = send_followups
        #: Settlements of jobs whose followups could not be sent, and when to try again.
        self._owing: deque[tuple[Job, Settlement]] = deque()
        self._owing_until = 0.0
        self._unanswered: set[bytes] = set()
        #: Calls whose jobs are on their way here, and since when.
        self._arriving: dict[bytes, float] = {}

    def settle(self, job: Job, settlement: Settlement) -> None:
        """Note how a job ended."""
        self.pending.append((job, settlement))
        job.ended = True
        if settlement[2] is not job.token:
            self.pending.append((job, under(settlement, job.token)))

    def adopt(self, message_id: str, token: bytes, marks: bytes) -> bool:
        """Whether a job that was just leased is still in hand here, under a lease that has passed on.

        Then it is held under the new lease, and what it ends with is told under that one. Neither this nor
        `settle` waits for the other: whichever comes second sees what the other did.
        """
        job = self.held.get(message_id)
        if job is None:
            return False
        job.adopt(token, marks)
        if job.ended:
            noted = [settlement for ended, settlement in self.untold() if ended is job]
            if not noted:
                return False
            self.pending.append((job, under(noted[-1], token)))
        job.consumer.queued_message_ids.add(message_id)
        return True

    def arrived(self, token: bytes) -> None:
        """What was leased under a token is in `held` now."""
        self._arriving.pop(token, None)

    def exchange(self, link: Link | Links, token: bytes, want: int) -> tuple[int, bytes, bytes]:
        """Tell Redis what ended, lease up to `want` jobs under `token`; once they are held, call `arrived`.

        Returns the milliseconds until something is due (negative: nothing known), the lengths and ids of the
        leased messages, and the messages joined; see `lua/exchange.lua`.

        Raises:
          ServerError, redis.RedisError, OSError: as `Link.call`; the settlements are told again next time.
        """
        if self._unanswered:
            self._reclaim(link)
        batch: list[tuple[Job, Settlement]] = []
        if want:
            self._arriving[token] = time.monotonic()
        try:
            while self.pending and len(batch) < BATCH:
                noted = self.pending.popleft()
                if not noted[0].followups or self._followed_up(noted):
                    batch.append(noted)
            arguments = [*self._terms, token, b"%d" % min(want, MOST_LEASED)]
            arguments.extend(chain.from_iterable(settlement for _, settlement in batch))
            wait, heads, messages, refused = EXCHANGE.run(link, self.base, arguments)
        except BaseException:
            self.pending.extendleft(reversed(batch))
            if want:
                self._unanswered.add(token)
                self.arrived(token)
            raise
        finally:
            for job, _ in batch:
                self._let_go(job)
        if refused:
            _log.warning(
                "Jobs ended here whose lease had passed on, or that are gone; how they ended is not kept: %s",
                refused.decode().replace(" ", ", "),
            )
        return wait, heads, messages

    def owes(self) -> bool:
        """Whether there is something to tell Redis by now."""
        if self._owing and time.monotonic() >= self._owing_until:
            self._take_up_owing()
        return bool(self.pending)

    def untold(self) -> list[tuple[Job, Settlement]]:
        """The jobs that ended here, and how, of which Redis was not told yet."""
        return [*self.pending.copy(), *self._owing.copy()]

    def _take_up_owing(self) -> None:
        while self._owing:
            self.pending.append(self._owing.popleft())

    def _followed_up(self, noted: tuple[Job, Settlement]) -> bool:
        """Send what follows from a job's end. Otherwise the job is put aside, and others go before it."""
        try:
            self._send_followups(noted[0])
        except BaseException as error:
            self._owing.append(noted)
            if not isinstance(error, BrokerConnectionError):
                raise
            self._owing_until = time.monotonic() + OWING_PAUSE
            _log.warning(
                "Job %s ended, and is unsettled until what follows is sent: %s", noted[0].message_id, error
            )
            return False
        return True

    def _reclaim(self, link: Link | Links) -> None:
        """Have back what an exchange leased whose answer was lost; otherwise those jobs would wait for a lease."""
        for token in list(self._unanswered):
            RECLAIM.run(link, self.base, [token, self._terms[3]])
            self._unanswered.discard(token)

    def extend(self, links: Links, lease: int) -> None:
        """Extend the leases, of so many milliseconds, of all jobs held, on their way here, or not settled yet."""
        jobs = {**self.held, **{job.message_id: job for job, _ in self.untold()}}
        tokens = {message_id: job.token for message_id, job in jobs.items() if not job.lost}
        # A call brings its jobs in no time, unless they are big.
        long_ago = time.monotonic() - lease / 6000
        arriving = [token for token, since in list(self._arriving.items()) if since < long_ago]
        if not tokens and not arriving:
            return
        pairs = [(jobs[message_id].id, token) for message_id, token in tokens.items()]
        pairs += [(b"", token) for token in arriving]
        for job_id in EXTEND.run(links, self.base, [b"%d" % lease, *chain.from_iterable(pairs)]):
            job = jobs[job_id.decode()]
            # One that ended meanwhile has no lease left to extend, or is told so when it is settled.
            if not job.ended and job.token is tokens[job.message_id]:
                _log.warning("The lease of job %s passed on while it was held here.", job.message_id)
                job.lost = True
                job.consumer.queued_message_ids.discard(job.message_id)

    def flush(self, links: Links, patience: float = 0.0) -> bool:
        """Tell Redis now what ended, trying for so many seconds. False if it could not be told."""
        if patience:
            self._take_up_owing()
        deadline = time.monotonic() + patience
        backoff = Backoff()
        while self.pending:
            try:
                self._tell_next(links)
            except Exception as error:
                if not curable(error) and not isinstance(error, BrokerConnectionError):
                    raise
                if time.monotonic() >= deadline:
                    # That Redis is away is said by whoever fetches jobs.
                    _log.debug("Could not settle jobs of queue %r yet: %s", self.queue_name, error)
                    return False
                time.sleep(min(backoff.next(), max(0.0, deadline - time.monotonic())))
        return not self._owing

    def tell(self, links: Links, message_id: str, *, rejected: bool = False) -> None:
        """Settle one job now, as it was noted to have ended; otherwise as done, or as failed if it was rejected.

        What was noted and is pending no longer is under way in another thread, or waits until what follows is sent.

        Raises:
          ConnectionClosed: Redis is away; it is told later.
        """
        job = self.held.get(message_id)
        if job is not None and not job.ended and all(noted is not job for noted, _ in self.untold()):
            self.settle(job, job.failure() if rejected else job.success())
        try:
            self.exchange(links, b"", 0)
        except Exception as error:
            if not curable(error):
                raise
            raise ConnectionClosed(str(error)) from error  # type: ignore[no-untyped-call]

    def _tell_next(self, links: Links) -> None:
        noted = list(self.pending)
        alone = noted[0] if len(noted) == 1 else None
        if alone is None or alone[1][0] not in ENDS:
            self.exchange(links, b"", 0)
            return
        # By Dramatiq's commands, which its users know to wrap.
        job, settlement = alone
        command = self._commands.do_nack if settlement[0] == FAILED else self._commands.do_ack
        try:
            command(self.queue_name, job.message_id)
        except BaseException:
            if alone not in self.pending:
                self.pending.appendleft(alone)
            raise

    def _let_go(self, job: Job) -> None:
        holder = self.held.get(job.message_id, job)
        if holder is job:
            self.held.pop(job.message_id, None)
        # The same consumer may hold the job anew, under another lease.
        if holder is job or holder.consumer is not job.consumer:
            job.consumer.queued_message_ids.discard(job.message_id)
