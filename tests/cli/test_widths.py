"""What fits into a terminal of 60 or 80 columns, and what `--wide` shows there."""

from __future__ import annotations

import io
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fcntl import ioctl
from pathlib import Path

import pytest
from rich.console import Console

from osmod.cli.audit import audit_table
from osmod.cli.queue_tables import queues_table
from osmod.cli.schedule_tables import schedules_table
from osmod.cli.scorer_tables import scorers_table
from osmod.cli.tables import jobs_table
from osmod.cli.top import picture
from osmod.jobs.queue.presence import WorkerRecord
from osmod.jobs.records import JobRecord, QueueOverview, Snapshot
from osmod.jobs.records.glance import brief
from osmod.jobs.records.record import JobError, Progress, WorkerName
from osmod.jobs.schedules import ScheduleState
from osmod.jobs.states import JobState
from osmod.jobs.steering.audit import AuditEntry
from osmod.operating.scorers import ScorerState
from tests.redis_servers import Server, binaries
from tests.waiting import until

ROOT = Path(__file__).parents[2]
NOW = datetime.now(UTC)
JOB = JobRecord(
    id="5e1f0c9a-6c5f-4b52-9a4f-1f1f2a3b4c5d",
    queue="default",
    actor="acceptCommentsAndFlags",
    state=JobState.CANCELLED,
    arguments={"comment_id": 123456789, "user_id": 12, "is_batch_action": False},
    attempts_made=3,
    started=NOW - timedelta(minutes=100),
    finished=NOW - timedelta(minutes=90),
    worker=WorkerName("moderation-worker-7", 4711, "Thread-12"),
    progress=Progress(1, 2, "half of the way"),
    error=JobError("TimeoutError", "the scorer did not answer for 30 seconds, and it was asked three times"),
)
QUEUE = QueueOverview(
    name="send-comments-for-scoring",
    sizes={state: 1_234_567 for state in JobState if state.key},
    paused=NOW - timedelta(hours=3),
    paused_by="ann@moderation-desk",
    oldest_waiting=timedelta(hours=100),
    counters=dict.fromkeys(("done", "failed", "retried", "cancelled", "recovered"), 123_456_789),
    running=[JOB.id],
)
ACT = AuditEntry(
    at=NOW - timedelta(hours=2),
    who="ann@moderation-desk",
    act="prioritise",
    queue="send-comments-for-scoring",
    what="state=waiting actor=sendCommentForScoring",
    count=12_345,
    id="0123456789ab",
    reason="readers wait for the election's results",
    dry_run=True,
)
SCHEDULE = ScheduleState(
    name="sendAgainWhatWasNeverScored",
    queue="default",
    spec="30 4,16 * * *",
    words="every day at 04:30 and at 16:30 in Europe/Amsterdam",
    upcoming=(),
    runs=(),
    next=NOW + timedelta(days=4),
    last_slot=NOW - timedelta(hours=2),
    last_started=NOW - timedelta(hours=2),
    last_finished=NOW - timedelta(hours=2),
    last_duration=timedelta(seconds=3),
    last_outcome="failed",
    last_error="TimeoutError: the scorer did not answer for 30 seconds",
    paused=False,
    running=False,
    waiting=False,
    overlaps=0,
    catch_up=False,
    overlap=False,
)
SCORER = ScorerState(
    id=1234,
    name="Perspective, for the comments on politics",
    type="perspective-api",
    is_active=True,
    endpoint="https://commentanalyzer.googleapis.com/v1alpha1/comments:analyze",
    scorer=None,
    problem="scorer 1234: attributes in users.extra must be what to score, such as {'TOXICITY': {}}, is {}",
    last_asked=NOW - timedelta(hours=3),
)
WORKER = WorkerRecord("moderation-worker-7", 4711, 8, 8, ("default", "mail"), NOW, 3.0)


def lines(width: int, what: object) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width, markup=False).print(what)
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80])
def test_a_job_is_readable(width: int) -> None:
    """Enough of its id to name it by, its state, since when, and below each other the call and the error."""
    ended = replace(JOB, finished=datetime.now(UTC) - timedelta(minutes=90))
    _, job, error = lines(width, jobs_table([ended], narrow=True))

    assert max(len(job), len(error)) <= width
    assert re.match(r"5e1f0c9a  cancelled  9\d min ago  acceptCommentsAndF", job)
    assert error.strip().startswith("TimeoutError: the scor")


@pytest.mark.parametrize("width", [60, 80])
def test_queues_and_the_picture_of_top_are_readable(width: int) -> None:
    """One line a queue, a job, a worker; and one that says who paused the queue."""
    heads, queue, *paused = lines(width, queues_table([QUEUE], narrow=True))
    assert ["queue", "wait", "delay", "run", "fail", "oldest", "done"] == heads.split()
    assert ["1.2M"] * 4 + ["4", "d", "123M"] == queue.split()[-7:]
    assert "send-com" in queue
    assert "send-comments-for-scoring is paused for 3 h by ann@moderation-desk" == " ".join(
        " ".join(paused).split()
    )

    now = Snapshot([QUEUE], [WORKER], [JOB])
    shown = lines(width, picture(now, now, narrow=True))
    assert 8 + len(paused) == len(shown)
    assert all(len(line) <= width for line in shown)
    assert any("5e1f0c9a" in line and "50%" in line and "acceptCom" in line for line in shown)
    assert any("moderation-worker-7:4711" in line and "8/8" in line for line in shown)


@pytest.mark.parametrize("width", [60, 80])
def test_acts_are_readable(width: int) -> None:
    """Two lines an act: when, what, how many, which; who, and why."""
    heads, act, by = lines(width, audit_table([ACT], narrow=True))
    assert ["when", "did", "jobs", "which"] == heads.split()
    assert max(len(act), len(by)) <= width
    assert re.match(r" *2 h ago  prioritise, dry run  12.3k  send-comm", act)
    assert by.strip().startswith("by ann@moder")


@pytest.mark.parametrize("width", [60, 80])
def test_schedules_are_readable(width: int) -> None:
    """Three lines a schedule: its name and when it runs next; when it does at all; how it went."""
    heads, name, when, went = lines(width, schedules_table([SCHEDULE], narrow=True))
    assert ["next", "schedule"] == heads.split()
    assert re.match(r"in 4 d  sendAgainWhatWasNeverScored *$", name)
    assert "every day at 04:30 and at 16:30 in Europe/Amsterd" in when
    assert max(len(name), len(when), len(went)) <= width
    assert re.match(r" +last 2 h ago  failed: TimeoutError: the scor", went)


@pytest.mark.parametrize("width", [60, 80])
def test_scorers_are_readable(width: int) -> None:
    """Its name and whether it is asked; below them where, and the whole of what is wrong."""
    heads, first, *rest = lines(width, scorers_table([SCORER], narrow=True))
    assert ["id", "state", "wait", "scorer"] == heads.split()
    assert re.match(r"1234  unusable +Perspective, for", first)
    assert all(len(line) <= width for line in rest)
    said = "".join("".join(rest).split())
    assert said.endswith("".join(SCORER.problem.split()))
    assert f"perspective-api{SCORER.endpoint}" in said


def test_a_run_that_is_late_is_due() -> None:
    """Nobody has sent it yet: it is in no time at all."""
    late = replace(SCHEDULE, next=NOW - timedelta(seconds=1))
    assert lines(60, schedules_table([late], narrow=True))[1].split() == ["due", SCHEDULE.name]


def test_what_is_wide_says_all() -> None:
    """The same in full, where there is room."""
    assert ACT.reason in "\n".join(lines(200, audit_table([ACT])))
    assert SCORER.endpoint in "\n".join(lines(200, scorers_table([SCORER])))
    assert SCHEDULE.last_error in "\n".join(lines(240, schedules_table([SCHEDULE])))


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "·"),
        (950, "950"),
        (12_345, "12.3k"),
        (999_999, "999k"),
        (1_234_567, "1.2M"),
        (123_456_789, "123M"),
    ],
)
def test_counts_are_brief(count: int, shown: str) -> None:
    """Five characters at most."""
    assert shown == brief(count)


class Terminal:
    """`osmod …` in a terminal of its own, and what it wrote there."""

    def __init__(self, url: str, columns: int, *words: str) -> None:
        self._own, other = pty.openpty()
        ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "osmod", *words],
            cwd=ROOT,
            env=environment | {"REDIS_URL": url, "TERM": "xterm"},
            stdin=other,
            stdout=other,
            stderr=other,
        )
        os.close(other)
        self._written = ""

    def read(self) -> str:
        """What came since the last call, without colours and moves."""
        until_then = time.monotonic() + 0.1
        while select.select([self._own], [], [], max(0.0, until_then - time.monotonic()))[0]:
            try:
                part = os.read(self._own, 65536)
            except OSError:  # Linux: the other side is closed.
                break
            if not part:
                break
            self._written += part.decode("utf-8", "replace")
        shown, self._written = self._written, ""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)

    def shows(self, text: str) -> None:
        """Wait until it writes a text."""
        until(lambda: text in self.read(), 30, f"the terminal shows {text!r}")

    def interrupt(self) -> int:
        """Ctrl-C. Returns the exit status."""
        self.process.send_signal(signal.SIGINT)
        until(lambda: (self.read(), self.process.poll())[1] is not None, 20)
        return self.process.wait()

    def close(self) -> None:
        """End it, if it has not ended."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._own)


@pytest.fixture
def server() -> Iterator[Server]:
    """A Redis that is killed and started again."""
    one = Server(next(iter(binaries().values())), "--appendonly", "yes")
    one.start()
    yield one
    one.close()


@pytest.mark.parametrize(
    "words", [("top", "--every", "0.2"), ("jobs", "list", "--watch")], ids=lambda one: one[0]
)
def test_what_is_painted_anew_outlives_redis(server: Server, words: tuple[str, ...]) -> None:
    """While Redis is away the screen says so, and goes on when it is back; Ctrl-C ends it with 0."""
    terminal = Terminal(server.url, 60, *words)
    sign = "queue" if words[0] == "top" else "state"
    try:
        terminal.shows(sign)
        server.kill()
        terminal.shows("Redis does not answer")
        server.start()
        terminal.shows(sign)
        assert 0 == terminal.interrupt()
    finally:
        terminal.close()
