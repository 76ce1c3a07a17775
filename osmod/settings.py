"""The environment, read once. Every problem is reported at once, each with the variable's name."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from inspect import signature
from pathlib import Path
from typing import cast
from urllib.parse import quote

from environs import Env, EnvValidationError, ValidationError, validate

from osmod import mysqlclient
from osmod.redis_urls import check_given, check_kue_url, check_redis_url

#: The suffixes of OSMod's `DATABASE_*` variables. With none of them set, SQLite under `.osmod/` is used.
DATABASE_PARTS = ("HOST", "PORT", "NAME", "USER", "PASSWORD", "SOCKET")
_REDIS = "redis://localhost:6379"

#: Milliseconds, as of every span that the queue takes.
LONGEST_TTL = 3_155_760_000_000


class SettingsError(Exception):
    """The environment cannot be used. The message lists every variable at fault, one a line.

    Attributes:
      problems: those lines: variable, value without secrets, what it must be.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(["the environment cannot be used:", *(f"  {one}" for one in problems)]))
        self.problems = tuple(problems)


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
    #: Whether rules may decide again, on a rescore, what a moderator has decided, as OSMod's do
    #: (`WORKER_RULES_OVERRIDE_MODERATORS`).
    rules_override_moderators: bool
    #: Whether a comment that a scorer is given up for is deferred, so that moderators see it
    #: (`WORKER_DEFER_UNSCORED`); OSMod leaves it waiting for its scores.
    defer_unscored: bool
    #: How many questions to scorers one worker process has under way (`WORKER_SCORERS_AT_ONCE`).
    scorers_at_once: int
    #: Whether moderators must say why they reject a comment (`REQUIRE_REASON_TO_REJECT`); OSMod's default is that they
    #: must.
    require_reason_to_reject: bool
    #: Where OSMod's API answers, without a slash at the end (`API_URL`).
    api_url: str
    #: Whose pages in a browser may call us (`OSMOD_CORS_ORIGINS`, separated by commas); empty: nobody else's.
    cors_origins: tuple[str, ...]
    #: Whether workers count jobs by actor for `/metrics` (`OSMOD_METRICS`); it costs each some microseconds.
    metrics: bool
    #: Whether a server's `/metrics` asks for no token (`OSMOD_METRICS_OPEN`).
    metrics_open: bool
    #: Where `osmod worker` shows figures (`OSMOD_METRICS_HOST`, `OSMOD_METRICS_PORT`); port 0: nowhere.
    metrics_host: str
    metrics_port: int
    #: Whether webhooks of publishers may lie at private addresses (`OSMOD_PRIVATE_WEBHOOKS`).
    private_webhooks: bool
    #: Whether workers take over what is queued with Kue (`WORKER_KUE`), in which Redis (`KUE_URL`), with which prefix.
    kue: bool
    kue_url: str
    kue_prefix: str
    #: How workers and scheduler write their logs (`LOG_FORMAT`): `console`, for people, or `json`.
    log_format: str
    #: The least of what they log (`LOG_LEVEL`); empty: all from information on, but not the jobs that are done.
    log_level: str
    #: Where the embedded Redis and SQLite keep their data (`OSMOD_HOME`).
    home: Path


def read_settings(*, for_jobs: bool = False) -> Settings:
    """Read the process environment.

    Parameters:
      for_jobs: whether Redis and the database must have URLs that can be opened from here. A process that
        works on jobs cannot do without; one that only sends them need not have the database's driver.

    Raises:
      SettingsError: names every variable at fault, its value and what it must be.
    """
    env = Env(eager=False)
    home = Path(env.str("OSMOD_HOME", ".osmod"))
    check_redis = check_redis_url if for_jobs else check_given
    settings = Settings(
        redis_url=env.str("REDIS_URL", _REDIS, validate=check_redis),
        database_url=_database_url(env, home),
        run_immediately=env.bool("WORKER_RUN_IMMEDIATELY", False),
        remove_task_on_complete=env.bool("WORKER_REMOVE_TASK_ON_COMPLETE", True),
        task_ttl=env.int("WORKER_TASK_TTL", 300_000, validate=_check_ttl),
        run_scheduled_tasks=env.bool("WORKER_RUN_SCHEDULED_TASKS", True),
        rules_override_moderators=env.bool("WORKER_RULES_OVERRIDE_MODERATORS", False),
        defer_unscored=env.bool("WORKER_DEFER_UNSCORED", True),
        scorers_at_once=env.int("WORKER_SCORERS_AT_ONCE", 500, validate=validate.Range(min=1, max=1000)),
        require_reason_to_reject=env.bool("REQUIRE_REASON_TO_REJECT", False),
        api_url=(env.str("API_URL", "http://localhost:8000/api", validate=_check_api_url) or "").rstrip("/"),
        cors_origins=tuple(filter(None, env.list("OSMOD_CORS_ORIGINS", []) or [])),
        metrics=env.bool("OSMOD_METRICS", False),
        metrics_open=env.bool("OSMOD_METRICS_OPEN", False),
        metrics_host=env.str("OSMOD_METRICS_HOST", "127.0.0.1", validate=validate.Length(min=1)),
        metrics_port=env.int("OSMOD_METRICS_PORT", 0, validate=validate.Range(min=0, max=65535)),
        private_webhooks=env.bool("OSMOD_PRIVATE_WEBHOOKS", False),
        kue=env.bool("WORKER_KUE", False),
        kue_url=env.str("KUE_URL", "", validate=check_kue_url) or env.str("REDIS_URL", _REDIS),
        kue_prefix=env.str("KUE_PREFIX", "") or "q",
        log_format=_lower(env.str("LOG_FORMAT", "console", validate=_one_of("console", "json"))),
        log_level=_lower(env.str("LOG_LEVEL", "", validate=_one_of("", "debug", "info", "warning", "error"))),
        home=home,
    )
    found = _faults(env)
    problems = [
        f"{name}={masked(os.environ.get(name, ''))!r}: {said}" for name, said in sorted(found.items())
    ]
    # A URL made of parts that cannot be used says nothing more.
    if (
        for_jobs
        and not found.keys() & {"DATABASE_HOST", "DATABASE_PORT"}
        and (problem := database_problem(settings.database_url))
    ):
        problems.append(problem)
    if settings.kue and "+cluster://" in settings.kue_url and "KUE_URL" not in found:
        problems.append(
            "WORKER_KUE: Kue's keys cannot lie in the Redis Cluster of REDIS_URL: "
            "name the Redis of its programs in KUE_URL."
        )
    if problems:
        raise SettingsError(problems)
    return settings


@cache
def get_settings() -> Settings:
    """The settings of this process, read on first use."""
    return read_settings()


def masked(url: str) -> str:
    """`url` with its passwords hidden, also where it is not a URL that anything can read."""
    url = re.sub(r"^(.*?://[^/@:?]*):(?:[^?]*|.*)@", r"\1:***@", url)
    return re.sub(r"([?&]\w*password=)[^&]*", r"\1***", url)


def database_problem(url: str) -> str | None:
    """Why no database can be opened at `url` from here, with the remedy; None if one can. Nothing is opened."""
    from sqlalchemy import make_url  # late: who only sends jobs need not wait for it
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    try:
        parsed = make_url(url)
        driver = parsed.get_dialect().import_dbapi()
    except (ArgumentError, NoSuchModuleError, ValueError):
        return (
            f"DATABASE_URL={masked(url)} is not a database URL; it looks like "
            "mysql+pymysql://user:password@host/os_moderator?charset=utf8mb4 or sqlite:///osmod.db."
        )
    except ModuleNotFoundError as error:
        if parsed.get_driver_name() == "mysqldb":  # also where the URL names none
            return f"DATABASE_URL asks for the driver {error.name}: write mysql+pymysql://… (installed here)."
        name = parsed.get_driver_name()
        return f"DATABASE_URL asks for the driver {name}, which is not installed: pip install {name}."
    if parsed.get_backend_name() == "sqlite":  # SQLAlchemy itself reads its options.
        return None
    dialect = parsed.get_dialect()()
    positional, named = dialect.create_connect_args(parsed)
    try:
        signature(driver.connect).bind_partial(*positional, **named)
        if parsed.get_driver_name() == "mysqldb":
            mysqlclient.check_options(named)
    except TypeError as error:
        return f"DATABASE_URL={masked(url)} has an option that {parsed.get_driver_name()} does not know ({error})."
    return None


def _check_ttl(value: int) -> None:
    if value < 1:
        raise ValidationError("must be at least 1 (milliseconds).")
    if value > LONGEST_TTL:
        raise ValidationError(f"must be at most {LONGEST_TTL} (milliseconds in a hundred years).")


def _check_host(host: str) -> None:
    if "/" in host or host.count(":") == 1:
        raise ValidationError("it is a host's name or address alone; the port is DATABASE_PORT.")


def _check_api_url(url: str) -> None:
    if url and not re.match(r"https?://[^/?#]", url):
        raise ValidationError("it looks like http://localhost:8000/api.")


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
    host = env.str("DATABASE_HOST", "localhost", validate=_check_host)
    port = env.int("DATABASE_PORT", 3306, validate=validate.Range(min=1, max=65535))
    name = quote(env.str("DATABASE_NAME", "os_moderator"), safe="")
    socket = env.str("DATABASE_SOCKET", "")
    login = f"{user}:{password}" if password else user
    options = "charset=utf8mb4" + (f"&unix_socket={quote(socket)}" if socket else "")
    if not mysqlclient.is_installed():
        return f"mysql+pymysql://{login}@{host}:{port}/{name}?{options}"
    if host == "localhost" and not socket:
        host = "127.0.0.1"  # by that name C's library means a socket, at a place of its own
    return f"mysql+mysqldb://{login}@{host}:{port}/{name}?{options}"


def _faults(env: Env) -> dict[str, str]:
    """What is wrong with each variable that was read and cannot be used."""
    try:
        env.seal()
    except EnvValidationError as error:
        found = cast("Mapping[str, list[str]]", error.error_messages)
        return {name: " ".join(sentences) for name, sentences in found.items()}
    return {}
