"""The demo from beginning to end. Leaves nothing running, however it ends."""

from __future__ import annotations

import contextlib
import importlib
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import redis
from sqlalchemy import Engine

from osmod.cli.progress import Progress
from osmod.demo import scene
from osmod.demo.dealing import Entry
from osmod.demo.report import Outcome, read_outcome
from osmod.demo.worker_process import check, running_worker, tail
from osmod.embedded import embedded_redis
from osmod.jobs.broker import JobBroker
from osmod.jobs.states import JobState
from osmod.moderation.database import connect
from osmod.settings import Settings

#: How often the demo looks how far the worker is.
LOOK_SECONDS = 0.1
#: Keys that Redis goes through at once. It has one for each job: ten at a time, as by default, are many questions.
KEYS_A_LOOK = 10_000
#: How long nothing may move before the demo gives up.
PATIENCE_SECONDS = 120

_FAR = "SELECT (SELECT count(sentForScoring) FROM comments), (SELECT sum(unprocessedCount) FROM articles)"


class Stuck(Exception):
    """The worker runs, but the comments come no further."""


@dataclass(frozen=True)
class Result:
    """What happened, and how long it took from the first job queued to the last comment scored."""

    outcome: Outcome
    jobs_failed: int
    seconds: float
    database: Path
    log: Path


@dataclass(frozen=True)
class _Stage:
    """Where a demo takes place."""

    settings: Settings
    engine: Engine
    database: Path
    log: Path
    worker: subprocess.Popen[bytes]


def run(settings: Settings, entries: Sequence[Entry], progress: Progress) -> Result:
    """Send every entry through queue, scorer, rules and decisions, on a Redis and a database of its own.

    Both are under `settings.home / "demo"`, where they stay to be looked at until the next demo. Raises
    `EmbeddedRedisError`, `WorkerDied`, `Stuck`.
    """
    with _stage(settings) as stage:
        with progress.of("storing", len(entries)) as stored:
            ids = scene.store(stage.engine, entries, stored)
        began = time.perf_counter()
        with progress.of("scoring", len(ids)) as scored:
            send(stage.settings.redis_url, ids)
            jobs_failed = _wait(stage, len(ids), scored)
        seconds = time.perf_counter() - began
        database, log = stage.database, stage.log
        outcome = read_outcome(stage.engine)
    return Result(outcome, jobs_failed, seconds, database, log)


@contextlib.contextmanager
def _stage(settings: Settings) -> Iterator[_Stage]:
    """Redis, an empty database with a scorer and rules, and a worker, for the length of the block."""
    folder = settings.home / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    database, log = folder / "osmod.db", folder / "worker.log"
    with contextlib.ExitStack() as stack:
        redis_url = stack.enter_context(embedded_redis(folder / "redis"))
        with redis.Redis.from_url(redis_url) as client:
            client.flushall()
        scene.empty_database(database)
        own = replace(
            settings,
            redis_url=redis_url,
            database_url=f"sqlite:///{database.resolve().as_posix()}",
            run_immediately=False,
        )
        engine = connect(own.database_url)
        stack.callback(engine.dispose)
        scene.furnish(engine)
        environment = {
            "REDIS_URL": own.redis_url,
            "DATABASE_URL": own.database_url,
            "WORKER_RUN_IMMEDIATELY": "false",
        }
        worker = stack.enter_context(running_worker(environment, log))
        yield _Stage(own, engine, database, log, worker)


def send(redis_url: str, ids: Sequence[int]) -> None:
    """Queue the comments as server code would, but on the demo's own Redis."""
    send_comment_for_scoring = importlib.import_module("actors").send_comment_for_scoring
    broker = JobBroker(url=redis_url)
    try:
        broker.send_many(send_comment_for_scoring.message(comment_id=comment_id) for comment_id in ids)
    finally:
        broker.close()


def _wait(stage: _Stage, total: int, report: Progress.Report) -> int:
    """Until every comment is scored, or its job failed for good; the number of jobs that did.

    A comment is sent to its scorer by one job and scored by another: it is shown half done in between.
    """
    far, moved = (0, 0, 0), time.monotonic()
    uri = f"{stage.database.resolve().as_uri()}?mode=ro"
    with (
        redis.Redis.from_url(stage.settings.redis_url) as client,
        contextlib.closing(sqlite3.connect(uri, uri=True, timeout=30)) as database,
    ):
        while True:
            check(stage.worker, stage.log)
            failed = failed_jobs(client)
            asked, unscored = database.execute(_FAR).fetchone()
            scored = total - unscored
            if (asked, scored, failed) != far:
                far, moved = (asked, scored, failed), time.monotonic()
                report((asked + scored) // 2 if scored + failed < total else total)
            if scored + failed >= total:
                return failed
            if time.monotonic() - moved > PATIENCE_SECONDS:
                raise Stuck(
                    f"{total - scored} comments have not moved for {PATIENCE_SECONDS} seconds.\n{tail(stage.log)}"
                )
            time.sleep(LOOK_SECONDS)


def failed_jobs(client: redis.Redis) -> int:
    """Jobs that failed for good, in all queues."""
    failed = client.scan_iter(f"dramatiq:{{*}}:{JobState.FAILED.key}", count=KEYS_A_LOOK)
    return sum(client.zcard(name) for name in failed)
