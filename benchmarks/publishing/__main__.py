"""`python -m benchmarks.publishing`: decisions told a second, and what each costs, with webhooks that take 20 ms.

Comments of a few publishers have some decisions each, all of which wait as one worker process of eight threads begins.
Of those told once a fifth is through: how many a second, and the processor time of the worker, of the database's
server, where that is a process, and of Redis for each. That each comment's came in order is looked at, too. Nothing
else should run on the machine.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import redis
from sqlalchemy import Engine, create_engine, func, insert, select

from benchmarks.databases import DATABASES, databases
from benchmarks.moderation.scene import Scene
from benchmarks.scoring.service import running
from benchmarks.tasks.spent import Server, seconds
from benchmarks.waiting import until
from osmod.embedded import embedded_redis
from osmod.moderation.database import connect
from osmod.moderation.models import Comment, Decision, DecisionDelivery, DeliveryAttempt, User, now

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#: Seconds that all of it may take.
PATIENCE = 900.0


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    print(
        f"{arguments.comments:,} comments of {arguments.publishers} publishers, {arguments.decisions} decisions each"
    )
    print(
        "{:10}{:>12}{:>12}{:>12}{:>12}{:>12}".format(
            "database", "a second", "worker", "database", "Redis", "statements"
        )
    )
    with running(arguments.latency) as url, databases(arguments.databases) as made:
        for name, new_database in made.items():
            with new_database() as database_url:
                _fill(database_url, url, arguments)
                wall, statements, *spent = _tell(database_url, arguments)
            costs = "".join(f"{1000 * one:>9.2f} ms" for one in spent)
            print(f"{name:10}{1 / wall:>12,.1f}{costs}{statements:>12.1f}", flush=True)


def _fill(database_url: str, hook: str, arguments: argparse.Namespace) -> None:
    engine = connect(database_url)
    Scene(engine, size=arguments.comments, comments=arguments.comments)
    webhook = {"webhook": {"url": hook, "secrets": [SECRET]}}
    owners = range(101, 101 + arguments.publishers)
    with engine.begin() as connection:
        _insert(
            connection,
            User,
            [
                {"id": one, "group": "service", "name": "site", "is_active": True, "extra": webhook}
                for one in owners
            ],
        )
        for number in range(1, 1 + arguments.decisions):
            base = (number - 1) * arguments.comments
            comments = range(1, arguments.comments + 1)
            _insert(connection, Decision, [_decision(base + one, one) for one in comments])
            _insert(
                connection,
                DecisionDelivery,
                [_delivery(base + one, one, number, owners[one % len(owners)]) for one in comments],
            )
    engine.dispose()


def _insert(connection: Any, model: Any, rows: list[dict[str, Any]]) -> None:
    for at in range(0, len(rows), 5_000):
        connection.execute(insert(model), rows[at : at + 5_000])


def _decision(number: int, comment: int) -> dict[str, Any]:
    return {
        "id": number,
        "comment_id": comment,
        "status": "Accept",
        "source": "Rule",
        "is_current_decision": True,
    }


def _delivery(number: int, comment: int, sequence: int, owner: int) -> dict[str, Any]:
    at = {"next_attempt_at": now(), "created_at": now()}
    data = {
        "comment": {"id": comment, "sourceId": f"c-{comment}", "articleId": 1, "articleSourceId": "a-1"},
        "decision": {"id": number, "status": "Accept"},
        "by": {"type": "rule", "rule": {"id": 2, "attribute": "TOXICITY"}, "scores": {"TOXICITY": 0.1}},
    }
    return at | {
        "id": number, "message_id": f"msg_{number}", "comment_id": comment, "decision_id": number, "owner_id": owner,
        "sequence": sequence, "event": "comment.accepted", "data": data,
    }  # fmt: skip


def _tell(database_url: str, arguments: argparse.Namespace) -> list[float]:
    with tempfile.TemporaryDirectory(prefix="osmod-bench-") as name, embedded_redis(Path(name)) as redis_url:
        os.environ |= {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "OSMOD_HOME": name}
        os.environ |= {"LOG_LEVEL": "warning", "OSMOD_PRIVATE_WEBHOOKS": "true"}
        _send(redis_url, arguments.comments)
        engine, server = create_engine(database_url), Server(database_url)
        with redis.Redis.from_url(redis_url) as client:
            queue = psutil.Process(client.info("server")["process_id"])
        total = arguments.comments * arguments.decisions
        with _worker() as worker:
            parts = [[worker], [server.process], [queue]]

            def spent() -> list[float]:
                return [time.perf_counter(), server.statements(), *map(seconds, parts)]

            first = _until(engine, total // 5)
            then = spent()
            last = _until(engine, total)
            each = [(new - old) / (last - first) for new, old in zip(spent(), then, strict=True)]
        _check(engine)
        engine.dispose()
        server.close()
    return each


def _send(redis_url: str, comments: int) -> None:
    import actors  # only now: the queue is there
    from osmod.jobs.broker import JobBroker

    broker = JobBroker(url=redis_url)
    broker.send_many([actors.deliver_decision.message(comment_id=one) for one in range(1, comments + 1)])
    broker.close()


@contextmanager
def _worker() -> Iterator[psutil.Process]:
    process = subprocess.Popen([sys.executable, "-m", "osmod", "worker", "-p", "1"])
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def _until(engine: Engine, wanted: int) -> int:
    return until(lambda: _told(engine), wanted, "decisions are not told", PATIENCE)


def _told(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).where(DecisionDelivery.state == "delivered")) or 0


def _check(engine: Engine) -> None:
    """Each was told once, and each comment's in order."""
    with engine.connect() as connection:
        attempts = select(DecisionDelivery.comment_id, DecisionDelivery.sequence).join(
            DeliveryAttempt, DeliveryAttempt.delivery_id == DecisionDelivery.id
        )
        told = connection.execute(attempts.order_by(DeliveryAttempt.id)).all()
        unmarked = connection.scalar(
            select(func.count()).where(
                Comment.sent_back_to_publisher.is_(None), Comment.id.in_(select(DecisionDelivery.comment_id))
            )
        )
    by_comment: dict[int, list[int]] = {}
    for comment, sequence in told:
        by_comment.setdefault(comment, []).append(sequence)
    wrong = [
        comment for comment, all_of in by_comment.items() if any(b != a + 1 for a, b in pairwise(all_of))
    ]
    if wrong or unmarked:
        raise SystemExit(
            f"{len(wrong)} comments were told out of order or twice, {unmarked} are not marked as told"
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.publishing", description=__doc__)
    parser.add_argument("--comments", type=int, default=2_000, help="(default: %(default)s)")
    parser.add_argument("--decisions", type=int, default=2, help="of each comment (default: %(default)s)")
    parser.add_argument("--publishers", type=int, default=1, help="(default: %(default)s)")
    parser.add_argument("--latency", type=float, default=0.02, help="seconds (default: %(default)s)")
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    return parser.parse_args()


if __name__ == "__main__":
    main()
