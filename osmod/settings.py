"""The environment, read once. Every problem is reported at once, each with the variable's name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast
from urllib.parse import quote

from environs import Env, EnvValidationError, ValidationError, validate

#: The suffixes of OSMod's `DATABASE_*` variables. With none of them set, SQLite under `.osmod/` is used.
DATABASE_PARTS = ("HOST", "PORT", "NAME", "USER", "PASSWORD", "SOCKET")


class SettingsError(Exception):
    """The environment cannot be used. The message lists every variable at fault, one a line."""


@dataclass(frozen=True)
class Settings:
    """What the environment says. Names and defaults are OSMod's where OSMod has the setting."""

    #: Where the queue lives (`REDIS_URL`).
    redis_url: str
    #: Any SQLAlchemy URL (`DATABASE_URL`, or made from OSMod's `DATABASE_*`).
    database_url: str
    #: `send` runs the task at once, without Redis (`WORKER_RUN_IMMEDIATELY`).
    run_immediately: bool
    #: A finished job leaves no record (`WORKER_REMOVE_TASK_ON_COMPLETE`).
    remove_task_on_complete: bool
    #: Default time limit of a task, in milliseconds of running time (`WORKER_TASK_TTL`).
    task_ttl: int
    #: Whether `periodiq worker` schedules anything (`WORKER_RUN_SCHEDULED_TASKS`).
    run_scheduled_tasks: bool
    #: Where OSMod's API answers, without a slash at the end (`API_URL`).
    api_url: str
    #: How workers and scheduler write their logs (`LOG_FORMAT`): `console`, for people, or `json`.
    log_format: str
    #: The least of what they log (`LOG_LEVEL`); empty: all from information on, but not the jobs that are done.
    log_level: str
    #: Where the embedded Redis and SQLite keep their data (`OSMOD_HOME`).
    home: Path


def read_settings() -> Settings:
    """Read the process environment.

    Raises:
      SettingsError: names every variable at fault, its value and what it must be.
    """
    env = Env(eager=False)
    home = Path(env.str("OSMOD_HOME", ".osmod"))
    settings = Settings(
        redis_url=env.str("REDIS_URL", "redis://localhost:6379", validate=validate.Length(min=1)),
        database_url=_database_url(env, home),
        run_immediately=env.bool("WORKER_RUN_IMMEDIATELY", False),
        remove_task_on_complete=env.bool("WORKER_REMOVE_TASK_ON_COMPLETE", True),
        task_ttl=env.int("WORKER_TASK_TTL", 300_000, validate=_at_least_one_ms),
        run_scheduled_tasks=env.bool("WORKER_RUN_SCHEDULED_TASKS", True),
        api_url=(env.str("API_URL", "http://localhost:8000/api") or "").rstrip("/"),
        log_format=_lower(env.str("LOG_FORMAT", "console", validate=_one_of("console", "json"))),
        log_level=_lower(env.str("LOG_LEVEL", "", validate=_one_of("", "debug", "info", "warning", "error"))),
        home=home,
    )
    try:
        env.seal()
    except EnvValidationError as error:
        raise SettingsError(_explain(error)) from None
    return settings


@cache
def get_settings() -> Settings:
    """The settings of this process, read on first use."""
    return read_settings()


def _at_least_one_ms(value: int) -> None:
    if value < 1:
        raise ValidationError("must be at least 1 (milliseconds).")


def _one_of(*words: str) -> Callable[[str], None]:
    def check(value: str) -> None:
        if value.lower() not in words:
            raise ValidationError(f"must be one of {', '.join(filter(None, words))}.")

    return check


def _lower(value: str | None) -> str:
    return (value or "").lower()


def _database_url(env: Env, home: Path) -> str:
    url = env.str("DATABASE_URL", "")
    if url:
        return url
    if not any(os.environ.get(f"DATABASE_{part}") for part in DATABASE_PARTS):
        return f"sqlite:///{(home / 'osmod.db').as_posix()}"
    user = quote(env.str("DATABASE_USER", "os_moderator"), safe="")
    password = quote(env.str("DATABASE_PASSWORD", ""), safe="")
    host = env.str("DATABASE_HOST", "localhost")
    port = env.int("DATABASE_PORT", 3306, validate=validate.Range(min=1, max=65535))
    name = quote(env.str("DATABASE_NAME", "os_moderator"), safe="")
    socket = env.str("DATABASE_SOCKET", "")
    login = f"{user}:{password}" if password else user
    options = "charset=utf8mb4" + (f"&unix_socket={quote(socket)}" if socket else "")
    return f"mysql+pymysql://{login}@{host}:{port}/{name}?{options}"


def _explain(error: EnvValidationError) -> str:
    problems = cast("Mapping[str, list[str]]", error.error_messages)
    return "the environment cannot be used:\n" + "\n".join(
        f"  {name}={os.environ.get(name, '')!r}: {' '.join(sentences)}"
        for name, sentences in sorted(problems.items())
    )
