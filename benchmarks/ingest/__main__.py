"""`python -m benchmarks.ingest [--comments N]`: one stream of comments into `osmod serve`, on SQLite and a Redis.

Prints comments a second and the server's memory on the way. Exit status 1 if the memory grows by more than 10 % in
the second half, or if a comment is not stored.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import redis
from sqlalchemy import func, select

from osmod.access.secret import ensure_signing
from osmod.access.tokens import Claims, make_token
from osmod.embedded import embedded_redis, free_port
from osmod.moderation.database import connect, open_session
from osmod.moderation.migrations import upgrade
from osmod.moderation.models import Comment, User

SAMPLES = 10
GROWTH = 0.1
#: Comments that are put into words at a time.
PIECE = 200
TEXT = "What nobody says of {n} is that it was known before, and by whom; see page {n} of the report. " * 3


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest", description=__doc__)
    parser.add_argument("--comments", type=int, default=1_000_000, help="how many (default: 1,000,000)")
    comments = parser.parse_args().comments
    with tempfile.TemporaryDirectory(prefix="osmod-bench-") as name, embedded_redis(Path(name)) as redis_url:
        url = f"sqlite:///{name}/bench.db"
        token = _prepare(url)
        with _server(url, redis_url) as (port, process):
            memory = _Memory(process, redis.Redis.from_url(redis_url), comments)
            began = time.perf_counter()
            answer = _send(port, token, comments, memory)
            seconds = time.perf_counter() - began
            busy = process.cpu_times().user + process.cpu_times().system
        stored = _stored(url)
    grown = max(memory.used[SAMPLES // 2 :]) / memory.used[SAMPLES // 2 - 1] - 1
    print(f"{comments:,} comments in {seconds:.1f} s: {comments / seconds:,.0f} a second; answer {answer}")
    print(f"the server was busy for {busy:.1f} s: {comments / busy:,.0f} comments a second of a processor")
    print(f"the server's memory grew in the second half by {grown:.1%}")
    return 1 if grown > GROWTH or stored != comments else 0


class _Memory:
    """Looks at the server's memory after each of `SAMPLES` equal parts, and empties the queue: nobody works on it."""

    def __init__(self, process: psutil.Process, client: redis.Redis, comments: int) -> None:
        self.used: list[int] = []
        self._process, self._client, self._comments = process, client, comments
        self._began = time.perf_counter()

    def sent(self, count: int) -> None:
        """So many were sent."""
        if count * SAMPLES < (len(self.used) + 1) * self._comments:
            return
        self.used.append(self._process.memory_info().rss)
        self._client.flushall()
        seconds = time.perf_counter() - self._began
        print(f"{count:>9,} sent, {seconds:4.0f} s: {self.used[-1] / 1e6:6.1f} MB", flush=True)


def _prepare(url: str) -> str:
    """Make tables and a service user; return its token."""
    engine = connect(url)
    upgrade(engine)
    with open_session(engine) as session:
        user = User(group="service", name="bench", is_active=True)
        session.add(user)
        session.commit()
        signing = ensure_signing(session)
        session.commit()
    engine.dispose()
    return make_token(Claims(user.id), signing, expires_at=None)


@contextmanager
def _server(url: str, redis_url: str) -> Iterator[tuple[int, psutil.Process]]:
    port = free_port()
    environment = os.environ | {"DATABASE_URL": url, "REDIS_URL": redis_url, "LOG_LEVEL": "warning"}
    command = [sys.executable, "-m", "osmod", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=environment)
    try:
        while process.poll() is None and not _answers(port):
            time.sleep(0.1)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        connection.request("GET", "/api/auth/healthcheck")
        return connection.getresponse().status == 218
    except OSError:
        return False
    finally:
        connection.close()


def _send(port: int, token: str, comments: int, memory: _Memory) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
    body = _body(comments, memory)
    connection.request(
        "POST", "/api/ingest/comments?answers=refused", body=body, headers=headers, encode_chunked=True
    )
    return connection.getresponse().read().decode().strip()


def _body(comments: int, memory: _Memory) -> Iterator[bytes]:
    for first in range(0, comments, PIECE):
        numbers = range(first, min(first + PIECE, comments))
        yield b"".join(json.dumps(_comment(number)).encode() + b"\n" for number in numbers)
        memory.sent(numbers.stop)


def _comment(number: int) -> dict[str, object]:
    article = number // 1000
    return {
        "sourceId": f"comment-{number}",
        "text": TEXT.format(n=number),
        "author": {"sourceId": f"reader-{number % 50_000}", "name": f"Reader {number % 50_000}"},
        "article": {"sourceId": f"article-{article}", "category": {"sourceId": f"section-{article % 20}"}},
    }


def _stored(url: str) -> int:
    engine = connect(url)
    with engine.connect() as connection:
        count = connection.scalar(select(func.count()).select_from(Comment.__table__))
    engine.dispose()
    return count or 0


if __name__ == "__main__":
    sys.exit(main())
