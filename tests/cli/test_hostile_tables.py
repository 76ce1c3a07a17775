"""Texts and names of others in a terminal: none acts on it, and a name that commands take is there as a whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from osmod.cli.audit import audit_table
from osmod.cli.schedule_tables import schedules_table
from osmod.cli.tables import jobs_table
from osmod.cli.top import picture
from osmod.cli.workers import workers_table
from osmod.jobs.records import Snapshot
from osmod.jobs.records.record import JobError, Progress, WorkerName
from osmod.jobs.states import JobState
from tests.cli.test_widths import ACT, JOB, QUEUE, SCHEDULE, WORKER, lines

HOSTILE = "\x1b[2J\x9b31m\r\n\u202e漢字👩‍🔬\"'[/]"


@pytest.mark.parametrize("narrow", [False, True])
def test_no_text_acts_on_the_terminal(narrow: bool) -> None:
    """Whoever named a worker, a queue, an actor or an argument, acted or failed: all of it is only shown."""
    error, place = JobError(HOSTILE, HOSTILE), WorkerName(HOSTILE, 1, HOSTILE)
    running = replace(JOB, state=JobState.ACTIVE, worker=place, progress=Progress(1, 2, HOSTILE))
    job = replace(
        running, id=HOSTILE, queue=HOSTILE, actor=HOSTILE, arguments={HOSTILE: HOSTILE}, error=error
    )
    queue = replace(QUEUE, name=HOSTILE, paused_by=HOSTILE)
    worker = replace(WORKER, host=HOSTILE, queues=(HOSTILE,), version=HOSTILE)
    now = Snapshot([queue], [worker], [job])
    act = replace(ACT, who=HOSTILE, act=HOSTILE, queue=HOSTILE, what=HOSTILE, reason=HOSTILE)
    schedule = replace(SCHEDULE, name=HOSTILE, words=HOSTILE, last_error=HOSTILE)
    pictures = [
        jobs_table([job], narrow=narrow),
        picture(now, now, narrow=narrow),
        workers_table(now, narrow=narrow),
        audit_table([act], narrow=narrow),
        schedules_table([schedule], narrow=narrow),
    ]
    for shown in pictures:
        said = "\n".join(lines(60 if narrow else 400, shown))
        assert not {"\x1b", "\x9b", "\r", "\u202e"} & set(said)
        assert r"\x1b[2J" in said


@pytest.mark.parametrize("width", [60, 80])
def test_many_workers_of_long_names_are_told_apart(width: int) -> None:
    """A name is there as a whole, as one types it: hosts in a cluster begin alike, and have several processes."""
    host = "moderation-worker-7d9f8b6c4-x2x9k.eu-west-1.compute.internal"
    many = [replace(WORKER, host=host, process=1000 + number) for number in range(300)]
    now = Snapshot([], many, [])
    for shown in (workers_table(now, narrow=True), picture(now, now, narrow=True)):
        said = lines(width, shown)
        assert max(map(len, said)) <= width
        names = "".join(
            line.split()[0] for line in said if line[:1] not in " N" and not line.startswith("queue")
        )
        assert all(one.name in names for one in many)
