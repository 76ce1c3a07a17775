"""`python -m benchmarks.pages [--jobs N]`: each page with so many jobs, SQLite, in this process.

Prints for each the median time to its first byte, the processor time of this process and of Redis, and its size.
Exit status 1 if a page takes longer than 200 ms at the median.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import redis
from fastapi.testclient import TestClient

from benchmarks.records.filling import Filled, fill
from osmod.access.links import make_code
from osmod.access.secret import ensure_signing
from osmod.embedded import embedded_redis
from osmod.jobs.broker import JobBroker
from osmod.moderation.database import open_session
from osmod.moderation.migrations import upgrade
from osmod.moderation.models import User

RUNS = 11
#: The most that the median of a page may take, in milliseconds.
GOAL = 200


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("--jobs", type=int, default=1_000_000, help="how many jobs (default: 1,000,000)")
    jobs = parser.parse_args().jobs
    with tempfile.TemporaryDirectory(prefix="osmod-bench-") as name, embedded_redis(Path(name)) as url:
        os.environ |= {"REDIS_URL": url, "DATABASE_URL": f"sqlite:///{name}/bench.db", "LOG_LEVEL": "error"}
        filler = JobBroker(url=url, keep_done=jobs)
        began = time.perf_counter()
        filled = fill(filler, jobs)
        filler.close()
        print(f"{jobs:,} jobs stored in {time.perf_counter() - began:.0f} s")
        return _measure(filled, redis.Redis.from_url(url))


def _measure(filled: Filled, server: redis.Redis) -> int:
    # Late: both read the settings, which are those of the environment by now.
    from osmod.task import get_engine
    from osmod.web.app import create_app
    from osmod.web.pages.frame.fragments import RENDERINGS

    app, engine = create_app(), get_engine()
    upgrade(engine)
    with open_session(engine) as session:
        ensure_signing(session)
        session.add(User(id=1, group="admin", name="Ada", email="ada@example.com", is_active=True))
        session.flush()
        code = make_code(session, session.get_one(User, 1))
        session.commit()
    slowest = 0.0
    with TestClient(app, headers={"Origin": "http://testserver"}) as client:
        client.post("/ui/sign-in", data={"code": code})
        for address in _addresses(filled):
            times, ours, theirs = [], [], []
            for _ in range(RUNS):
                RENDERINGS.forget()
                before = time.perf_counter(), time.process_time(), _busy(server)
                answer = client.get(address)
                times.append((time.perf_counter() - before[0]) * 1000)
                ours.append((time.process_time() - before[1]) * 1000)
                theirs.append((_busy(server) - before[2]) * 1000)
                answer.raise_for_status()
            median = statistics.median(times)
            slowest = max(slowest, median)
            print(
                f"{address:60} {median:7.1f} ms, of a processor {statistics.median(ours):6.1f} ms here, "
                f"{statistics.median(theirs):6.1f} ms in Redis; {len(answer.content) / 1000:5.1f} kB"
            )
    return 1 if slowest > GOAL else 0


def _addresses(filled: Filled) -> list[str]:
    """Pages, and what is looked for on them."""
    lines = (
        "state:failed",
        "actor:acceptComments",
        "actor:acceptComments state:failed",
        "comment_id:12",
        "error:KeyError",
        '"no answer within" state:failed',
        "user_id:3",
    )
    plain = ("overview", "jobs", f"jobs/{filled.some_id}", "schedules", "scorers", "publishers", "audit")
    return [*(f"/ui/{path}" for path in plain), *(f"/ui/jobs?q={quote(line)}" for line in lines)]


def _busy(server: redis.Redis) -> float:
    """Seconds of a processor that Redis has used."""
    used = server.info("cpu")
    return float(used["used_cpu_user"]) + float(used["used_cpu_sys"])


if __name__ == "__main__":
    raise SystemExit(main())
