"""`python -m benchmarks.pages [--jobs N] [--comments N] [--database sqlite|mariadb]`: each page among so many of them.

Redis and the database are its own, the server is in this process. Prints for each page the median time to its first
byte, the processor time of this process, of Redis and of MariaDB, and its size. Exit status 1 if a page takes longer
than 200 ms at the median. With `--busy` the goal is less than 200 ms of all processors together, which others on the
machine do not change.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

import redis
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from benchmarks.pages.comments import PERSON, fill_comments, one_that_waits
from benchmarks.records.filling import Filled, fill
from osmod.access.links import make_code
from osmod.access.secret import ensure_signing
from osmod.embedded import embedded_redis
from osmod.jobs.broker import JobBroker
from osmod.moderation.database import connect, open_session
from osmod.moderation.migrations import upgrade
from osmod.moderation.models import User
from tests.databases import mariadb_database, mariadb_server, server_problem

RUNS = 11
#: The most that the median of a page may take, in milliseconds: to its first byte, or of all processors together.
GOAL = 200
#: Of servers what says how many seconds of a processor each has used.
Servers = dict[str, Callable[[], float]]
#: Of a processor's second, as the kernel counts.
_TICKS = os.sysconf("SC_CLK_TCK")
#: Memory that MariaDB has for its tables: without it the disk is measured.
BUFFER_POOL = 1 << 29
#: Has the planner know what there is, as it does where a site has grown.
_ANALYZE = {"sqlite": "ANALYZE", "mysql": "ANALYZE TABLE comments, comment_summary_scores, decisions"}


def main() -> int:
    """Run it."""
    given = _arguments()
    with (
        tempfile.TemporaryDirectory(prefix="osmod-bench-") as name,
        embedded_redis(Path(name)) as url,
        _database(given.database, Path(name)) as database,
    ):
        os.environ |= {"REDIS_URL": url, "DATABASE_URL": database, "LOG_LEVEL": "error"}
        began = time.perf_counter()
        filler = JobBroker(url=url, keep_done=given.jobs)
        filled = fill(filler, given.jobs)
        filler.close()
        print(f"{given.jobs:,} jobs stored in {time.perf_counter() - began:.0f} s", flush=True)
        began = time.perf_counter()
        code = _fill(database, given.comments)
        took = time.perf_counter() - began
        print(f"{given.comments:,} comments stored in {took:.0f} s, {given.database}", flush=True)
        addresses = _of_jobs(filled) + _of_comments(given.comments)
        wanted = [one for one in addresses if given.only in one]
        servers = {"Redis": partial(_busy, redis.Redis.from_url(url)), **_database_busy(database)}
        return _measure(wanted, code, servers, busy=given.busy)


def _fill(database: str, comments: int) -> str:
    """The database with an admin; what signs them in."""
    engine = connect(database)
    upgrade(engine)
    with open_session(engine) as session:
        ensure_signing(session)
        session.add(User(id=PERSON, group="admin", name="Ada", email="ada@example.com", is_active=True))
        session.flush()
        code = make_code(session, session.get_one(User, PERSON))
        session.commit()
    with _without_words(engine):
        fill_comments(engine, comments)
    with engine.begin() as connection:
        connection.exec_driver_sql(_ANALYZE[engine.dialect.name])
    engine.dispose()
    return code


@contextmanager
def _without_words(engine: Engine) -> Iterator[None]:
    """Fill without the index of words, which no page asks, and which takes longer than all the rest."""
    if engine.dialect.name != "sqlite":
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE comments DROP INDEX comments_text")
    yield


def _measure(addresses: list[str], code: str, servers: Servers, *, busy: bool) -> int:
    # Late: both read the settings, which are those of the environment by now.
    from osmod.web.app import create_app
    from osmod.web.pages.frame.fragments import RENDERINGS

    slowest = 0.0
    with TestClient(create_app(), headers={"Origin": "http://testserver"}) as client:
        client.post("/ui/sign-in", data={"code": code})
        for address in addresses:
            times, ours = [], []
            theirs: dict[str, list[float]] = {name: [] for name in servers}
            for _ in range(RUNS):
                RENDERINGS.forget()
                used = {name: busy_of() for name, busy_of in servers.items()}
                before = time.perf_counter(), time.process_time()
                answer = client.get(address)
                times.append((time.perf_counter() - before[0]) * 1000)
                ours.append((time.process_time() - before[1]) * 1000)
                for name, busy_of in servers.items():
                    theirs[name].append((busy_of() - used[name]) * 1000)
                answer.raise_for_status()
                assert "Something went wrong" not in answer.text, address
            median, own = statistics.median(times), statistics.median(ours)
            spent = own + sum(map(statistics.median, theirs.values()))
            slowest = max(slowest, spent if busy else median)
            of_servers = ", ".join(
                f"{statistics.median(some):6.1f} ms in {name}" for name, some in theirs.items()
            )
            size = len(answer.content) / 1000
            print(
                f"{address:60} {median:7.1f} ms, of a processor {own:6.1f} ms here, {of_servers}; {size:5.1f} kB",
                flush=True,
            )
    return 1 if slowest > GOAL else 0


def _of_jobs(filled: Filled) -> list[str]:
    """Pages of jobs, and what is looked for on them."""
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


def _of_comments(comments: int) -> list[str]:
    """Pages of comments: what waits, one of them, rules with what a change would do, decisions."""
    one = one_that_waits(comments)
    moderate = (
        "",
        f"comment={one}",
        *("queue=deferred", "queue=flagged", "category=3", "article=5"),
        *("lower=0.6&upper=0.7", "tag=2", "tag=2&lower=0.3&upper=0.4", "lower=0.6&upper=0.7&category=3"),
        f"comment={one}&lower=0.6&batch=reject",
    )
    return [
        *(f"/ui/moderate?{query}".removesuffix("?") for query in moderate),
        "/ui/rules",
        "/ui/rules?tag=1&lower=0.9&upper=0.95&action=Reject",
        "/ui/decisions",
        *(f"/ui/decisions?{query}" for query in ("status=Defer", "source=User", "rule=2", f"comment={one}")),
    ]


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database of its own."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'bench.db'}"
        return
    if problem := server_problem():
        raise SystemExit(f"MariaDB cannot be measured: {problem}")
    place = folder / "mariadb"
    place.mkdir()
    with mariadb_server(place) as server, mariadb_database(server, "pages") as url:
        engine = connect(server.render_as_string(hide_password=False))
        with engine.begin() as connection:
            connection.exec_driver_sql(f"SET GLOBAL innodb_buffer_pool_size = {BUFFER_POOL}")
        engine.dispose()
        yield url.render_as_string(hide_password=False)


def _database_busy(url: str) -> Servers:
    """What says how many seconds of a processor MariaDB has used; SQLite works in this process."""
    engine = connect(url)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            return {}
        pid = Path(str(connection.exec_driver_sql("SELECT @@pid_file").scalar_one())).read_text().strip()
    engine.dispose()
    return {"MariaDB": lambda: sum(map(int, Path(f"/proc/{pid}/stat").read_text().split()[13:15])) / _TICKS}


def _busy(server: redis.Redis) -> float:
    """Seconds of a processor that Redis has used."""
    used = server.info("cpu")
    return float(used["used_cpu_user"]) + float(used["used_cpu_sys"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.pages",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--jobs", type=int, default=1_000_000, help="how many jobs (default: 1,000,000)")
    parser.add_argument("--comments", type=int, default=1_000_000, help="comments (default: 1,000,000)")
    parser.add_argument("--database", choices=("sqlite", "mariadb"), default="sqlite")
    parser.add_argument(
        "--only", default="", metavar="PART", help="only pages whose addresses have this in them"
    )
    parser.add_argument(
        "--busy", action="store_true", help="go by the processor time, as other things run here, too"
    )
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
