"""`python -m benchmarks.scoring`: comments a second with a scorer that takes 100 ms, by requests at the same time.

Of each number of questions that one worker process has under way at most (`WORKER_SCORERS_AT_ONCE`; its threads are
the usual eight): what the latency allows (questions / latency), what asking alone reaches (no queue, no database), and
comments from the queue to their scores in the database, of which as many are sent as are scored. With the worker of
another revision in turns, if one is named. Where other programs run on the machine, the ratio of the revisions'
processor time says more than any rate.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from statistics import median
from typing import NamedTuple

import psutil
from sqlalchemy import Engine, create_engine, func, select, update

from benchmarks.databases import DATABASES, databases
from benchmarks.moderation.scene import SCORER, Scene
from benchmarks.scoring.service import running
from benchmarks.tasks.trees import Tree, trees
from osmod.embedded import embedded_redis
from osmod.jobs.broker import JobBroker
from osmod.loop import run
from osmod.moderation.database import connect
from osmod.moderation.models import Comment, User
from osmod.scorers import Question, Scorer, scorer_for

LATENCY = 0.1
AT_ONCE = (1, 10, 100, 500)
#: Seconds before anything is counted: processes start, connections are made.
WARMING = 5.0
#: Seconds between two looks at how many are scored.
LOOK = 0.1
#: Comments that are there at most. They last for as long as is measured, or the figure is said to be cut.
MOST = 20_000


class Reached(NamedTuple):
    """Comments scored a second, and seconds of processor that the worker took for each."""

    rate: float
    busy: float


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    print(f"Comments a second, a scorer that takes {arguments.latency * 1000:.0f} ms, one process\n")
    heads = (
        "database",
        "at once",
        "allowed",
        "asking alone",
        "",
        "revision",
        "queue to database",
        "",
        "processor",
    )
    print("{:10}{:>8}{:>10}{:>14}{:>7}{:>12}{:>19}{:>7}{:>14}".format(*heads))
    with (
        trees(arguments.baseline) as revisions,
        running(arguments.latency) as url,
        databases(arguments.databases) as made,
    ):
        for at_once, (name, new_database) in product(arguments.at_once, made.items()):
            allowed = at_once / arguments.latency
            alone = run(_ask(scorer_for(SCORER, _config(url)), at_once, arguments.seconds))
            asking = f"{name:10}{at_once:>8}{allowed:>10,.0f}{alone:>14,.1f}{alone / allowed:>7.1%}"
            found: dict[str, list[Reached]] = defaultdict(list)
            for _, tree in product(range(arguments.rounds), revisions):
                with new_database() as database_url:
                    found[tree.name].append(
                        _end_to_end(tree, url, database_url, at_once, allowed, arguments.seconds)
                    )
            for revision, rounds in found.items():
                rate, busy = (median(values) for values in zip(*rounds, strict=True))
                print(
                    f"{asking}{revision[:10]:>12}{rate:>19,.1f}{rate / allowed:>7.1%}{busy * 1000:>11.2f} ms",
                    flush=True,
                )


async def _ask(scorer: Scorer, at_once: int, seconds: float) -> float:
    """Answers a second of a scorer that is always asked so many questions at once."""
    answered = 0
    counting = False

    async def ask_on() -> None:
        nonlocal answered
        while True:
            await scorer.score(Question(request_id=1, text="What words and more words", text_length=25))
            answered += counting

    asking = [asyncio.create_task(ask_on()) for _ in range(at_once)]
    await asyncio.sleep(1.0)
    began, counting = time.perf_counter(), True
    await asyncio.sleep(seconds)
    rate = answered / (time.perf_counter() - began)
    for one in asking:
        one.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    return rate


def _end_to_end(
    tree: Tree, url: str, database_url: str, at_once: int, allowed: float, seconds: float
) -> Reached:
    with (
        tempfile.TemporaryDirectory(prefix="osmod-bench-") as name,
        embedded_redis(Path(name)) as redis_url,
    ):
        engine = connect(database_url)
        comments = min(MOST, round(allowed * (seconds + WARMING)) + 10 * at_once)
        Scene(engine, size=comments, comments=comments)
        with engine.begin() as connection:
            connection.execute(update(User).where(User.id == SCORER).values(extra=_config(url)))
        broker = JobBroker(url=redis_url)
        with _worker(tree, redis_url, database_url, at_once, Path(name)) as worker:
            # What is asked, and what comes in between two looks.
            ahead = round(2 * at_once + 3 * allowed * LOOK) + 10
            looking = create_engine(engine.url)  # which takes no lock, as ours does
            reached = _Feed(broker, looking, comments, ahead=ahead).run(worker, seconds)
            looking.dispose()
        broker.close()
        engine.dispose()
    return reached


class _Feed:
    """Sends comments for scoring, at most `ahead` more than are scored."""

    def __init__(self, broker: JobBroker, engine: Engine, comments: int, ahead: int) -> None:
        import actors  # only now: the queue is there

        self._send = actors.send_comment_for_scoring
        self._broker, self._engine, self._comments, self._ahead = broker, engine, comments, ahead
        self._sent = 0

    def run(self, worker: psutil.Process, seconds: float) -> Reached:
        """Feed the worker, and count once it is warm."""
        self._until(time.perf_counter() + 60, scored=1)
        self._until(time.perf_counter() + WARMING)
        first, busy, began = self._scored(), _busy(worker), time.perf_counter()
        self._until(began + seconds)
        scored, took = self._scored() - first, time.perf_counter() - began
        return Reached(scored / took, (_busy(worker) - busy) / max(1, scored))

    def _until(self, moment: float, scored: int | None = None) -> None:
        """Feed until a moment, or until so many are scored."""
        while time.perf_counter() < moment:
            done = self._scored()
            if scored is not None and done >= scored:
                return
            upto = min(self._comments, done + self._ahead)
            if upto > self._sent:
                ids = range(self._sent + 1, upto + 1)
                self._broker.send_many([self._send.message(comment_id=number) for number in ids])
                self._sent = upto
            if done == self._comments:
                raise SystemExit(
                    f"all {done:,} comments were scored too soon: raise MOST, or take fewer --seconds"
                )
            time.sleep(LOOK)
        if scored is not None:
            raise SystemExit("the worker scores nothing: see its log above")

    def _scored(self) -> int:
        with self._engine.connect() as connection:
            return connection.scalar(select(func.count()).where(Comment.is_scored.is_(True))) or 0


@contextmanager
def _worker(
    tree: Tree, redis_url: str, database_url: str, at_once: int, folder: Path
) -> Iterator[psutil.Process]:
    environment = tree.environment | {
        "REDIS_URL": redis_url,
        "DATABASE_URL": database_url,
        "LOG_LEVEL": "warning",
    }
    environment["WORKER_SCORERS_AT_ONCE"] = str(at_once)
    command = [sys.executable, "-m", "osmod", "worker", "-p", "1"]
    environment["OSMOD_HOME"] = str(folder)
    process = subprocess.Popen(command, cwd=tree.folder, env=environment)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def _busy(worker: psutil.Process) -> float:
    """Seconds of processor that the worker and its children have taken."""
    times = [one.cpu_times() for one in (worker, *worker.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def _config(url: str) -> dict[str, object]:
    return {"endpointType": "perspective-api", "endpoint": url, "attributes": {"TOXICITY": {}}}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scoring", description=__doc__)
    parser.add_argument("--latency", type=float, default=LATENCY, help="seconds (default: %(default)s)")
    parser.add_argument("--baseline", metavar="REV", help="measure this revision, too, in turns")
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    parser.add_argument("--at-once", type=int, nargs="+", default=AT_ONCE, help="questions under way")
    parser.add_argument(
        "--seconds", type=float, default=15.0, help="measured for each (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=1, help="the median of so many (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
