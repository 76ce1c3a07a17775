"""What Redis is told of a run that is over. `lua/exchange.lua` says what each kind does."""

from __future__ import annotations

#: Kind, job id, lease's token, and what else the kind takes. (Of a job that is done, `Job.success` makes it.)
Settlement = tuple[bytes, ...]

DONE = b"d"
#: Done, where more than the record is to be seen to: a unique key, or whether the job says that it is kept.
DONE_WITH_TERMS = b"D"
FAILED = b"f"
RETRIED = b"r"
POSTPONED = b"p"
HANDED_BACK = b"h"

#: Those that end a job for good.
ENDS = frozenset({DONE, DONE_WITH_TERMS, FAILED})
#: Those after which the job is run as if this run had not begun.
INTERRUPTIONS = frozenset({HANDED_BACK, POSTPONED})

#: Characters of an error and of a traceback that are kept of a failed run: the first, and the last.
_REASON, _TRACEBACK = 2_000, 8_000
#: Characters kept of why a job waits.
_WHY = 200


def failed(job_id: bytes, token: bytes, reason: str, traceback: str, ran: bytes) -> Settlement:
    """The job failed for good. `ran` is `Job.ran`."""
    kept = traceback[-_TRACEBACK:].encode(errors="replace")
    return FAILED, job_id, token, _cut(reason), kept, ran


def retried(job_id: bytes, token: bytes, wait: int, message: bytes, reason: str) -> Settlement:
    """The job is tried again after so many milliseconds, with this message. `reason` is empty if it did not fail."""
    return RETRIED, job_id, token, b"%d" % wait, message, _cut(reason), b""


def postponed(job_id: bytes, token: bytes, wait: int, reason: str = "") -> Settlement:
    """The job becomes due after so many milliseconds; no attempt is counted. `reason` is shown with it till then."""
    return POSTPONED, job_id, token, b"%d" % wait, reason[:_WHY].encode(errors="replace")


def handed_back(job_id: bytes, token: bytes) -> Settlement:
    """The job returns to its old place; no attempt is counted."""
    return HANDED_BACK, job_id, token


def having_run(settlement: Settlement, ran: bytes) -> Settlement:
    """A settlement once the run is over; what becomes of the job was settled before. `ran` is `Job.ran`."""
    return (*settlement[:-1], ran) if settlement[0] == RETRIED else settlement


def under(settlement: Settlement, token: bytes) -> Settlement:
    """A settlement as it is told under another lease."""
    kind, job_id, _, *rest = settlement
    return (kind, job_id, token, *rest)


def _cut(reason: str) -> bytes:
    return reason[:_REASON].encode(errors="replace")
