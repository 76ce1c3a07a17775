"""`python -m benchmarks.tasks.queued JSON`: jobs through a queue and workers of their own; prints rate and cost.

The object has `url`, `task`, `processes`, `threads` and `comments`, one job for each. All wait when the workers begin;
what is done once a fifth of them is through is counted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
import redis
from sqlalchemy import Engine, create_engine, text

from benchmarks.tasks.calls import CALLS
from benchmarks.tasks.spent import Server, seconds
from benchmarks.waiting import until
from osmod.embedded import embedded_redis

#: Seconds that all of it may take.
PATIENCE = 600.0


def main() -> None:
    """Run and print."""
    what = json.loads(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="osmod-bench-") as name, embedded_redis(Path(name)) as redis_url:
        os.environ |= {
            "DATABASE_URL": what["url"],
            "REDIS_URL": redis_url,
            "OSMOD_HOME": name,
            "LOG_LEVEL": "warning",
        }
        _send(redis_url, what["task"], what["comments"])
        print(json.dumps(_work(what, redis_url)))


def _send(redis_url: str, task: str, comments: list[int]) -> None:
    import actors  # only now: the queue is there
    from osmod.jobs.broker import JobBroker

    assert actors.__all__
    broker = JobBroker(url=redis_url)
    actor: Any = actors.process_machine_score.broker.get_actor(task)
    broker.send_many([actor.message(**CALLS[task](comment)) for comment in comments])
    broker.close()


def _work(what: dict[str, Any], redis_url: str) -> dict[str, float]:
    engine, server = create_engine(what["url"]), Server(what["url"])
    with redis.Redis.from_url(redis_url) as client:
        queue = psutil.Process(client.info("server")["process_id"])
    threads = ["-p", str(what["processes"]), "-t", str(what["threads"])]
    before = _done(engine)
    worker = subprocess.Popen([sys.executable, "-m", "osmod", "worker", *threads])
    try:
        parts = [[psutil.Process(worker.pid)], [server.process], [queue]]

        def spent() -> list[float]:
            return [time.perf_counter(), server.statements(), *map(seconds, parts)]

        first = _until(engine, before + len(what["comments"]) // 5)
        then = spent()
        last = _until(engine, before + len(what["comments"]))
        each = [(new - old) / (last - first) for new, old in zip(spent(), then, strict=True)]
    finally:
        worker.terminate()
        worker.wait()
        engine.dispose()
        server.close()
    wall, statements, python, database, of_queue = each
    spent_now = {"python": python, "database": database, "redis": of_queue}
    return {"rate": 1 / wall, "statements": statements, **spent_now}


def _until(engine: Engine, wanted: int) -> int:
    return until(lambda: _done(engine), wanted, "jobs are not done", PATIENCE)


def _done(engine: Engine) -> int:
    """Jobs that took effect: each has its row in the inbox."""
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT COUNT(*) FROM osmod_worker_inbox")) or 0)


if __name__ == "__main__":
    main()
