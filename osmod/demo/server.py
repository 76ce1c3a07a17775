"""Something to serve with nothing set up: an embedded Redis, SQLite, a worker and the demo's comments."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import redis
from sqlalchemy import Engine

from osmod.access.accounts import create_user
from osmod.access.issued import issue_token
from osmod.access.links import make_code
from osmod.access.secret import ensure_signing
from osmod.cli.progress import Progress
from osmod.demo import scene
from osmod.demo.dealing import Entry
from osmod.demo.run import send
from osmod.demo.worker_process import running_worker
from osmod.embedded import embedded_redis
from osmod.moderation.database import connect, open_session
from osmod.settings import get_settings

#: For how long the token counts that is shown.
LIFETIME = timedelta(days=1)


@dataclass(frozen=True)
class Served:
    """What stands ready, and how an admin gets in."""

    token: str
    #: By which the same admin signs in to the pages, once.
    code: str


@contextlib.contextmanager
def standing(home: Path, entries: Sequence[Entry], progress: Progress) -> Iterator[Served]:
    """Redis, database and worker for the length of the block, made anew under `home / "serve"`.

    This process and its children find them by their environment. It is set before anything of the project's looks
    for a queue: a broker, once made, stays where it is.

    Raises:
      EmbeddedRedisError, WorkerDied: they cannot be run here.
    """
    folder = home / "serve"
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / "osmod.db"
    with contextlib.ExitStack() as stack:
        redis_url = stack.enter_context(embedded_redis(folder / "redis"))
        with redis.Redis.from_url(redis_url) as client:
            client.flushall()
        scene.empty_database(database)
        environment = {
            "REDIS_URL": redis_url,
            "DATABASE_URL": f"sqlite:///{database.resolve().as_posix()}",
            "WORKER_RUN_IMMEDIATELY": "false",
            "OSMOD_METRICS": "true",
        }
        os.environ.update(environment)
        get_settings.cache_clear()
        engine = connect(environment["DATABASE_URL"])
        scene.furnish(engine)
        with progress.of("storing", len(entries)) as stored:
            ids = scene.store(engine, entries, stored)
        token, code = _admin(engine)
        engine.dispose()
        send(redis_url, ids)
        stack.enter_context(running_worker(environment, folder / "worker.log"))
        yield Served(token, code)


def _admin(engine: Engine) -> tuple[str, str]:
    """The token of an admin, and a code by which it signs in."""
    with open_session(engine) as session:
        admin = create_user(session, group="admin", name="Demo", email="demo@example.com")
        signing = ensure_signing(session)
        _, token = issue_token(session, signing, admin, purpose="osmod serve --demo", lifetime=LIFETIME)
        code = make_code(session, admin)
        session.commit()
    return token, code
