"""The environment: what is taken, and what is refused with which words."""

from __future__ import annotations

import pytest

from osmod import mysqlclient
from osmod.jobs.wire.connection import client_from_url
from osmod.settings import SettingsError, masked, read_settings


def said(monkeypatch: pytest.MonkeyPatch, **environment: str) -> tuple[str, ...]:
    """The problems of an environment."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        read_settings(for_jobs=True)
    return refused.value.problems


EMPTY = "it is empty: name your Redis, as redis://localhost:6379, or unset it for that one."


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", EMPTY),
        ("localhost:6379", "it has no scheme: it looks like redis://localhost:6379."),
        ("redis://localhost:abc", "its port is no number from 1 to 65535."),
        ("redis://localhost:99999", "its port is no number from 1 to 65535."),
        ("redis://localhost:", "its port is no number from 1 to 65535."),
        (
            "http://localhost",
            "the scheme http is unknown; there are redis, rediss, unix, redis+sentinel, rediss+sentinel, "
            "redis+cluster, rediss+cluster.",
        ),
        ("redis://:6379", "it names no host: it looks like redis://localhost:6379."),
        ("redis://", "it names no host: it looks like redis://localhost:6379."),
        ("redis://[::1", "it cannot be read (Invalid IPv6 URL)."),
        ("unix://", "it names no socket: it looks like unix:///run/redis.sock."),
        (
            "redis+sentinel://one:1,two:2",
            "it names no master: it looks like redis+sentinel://localhost:26379/mymaster/0.",
        ),
        ("redis+cluster://one:1,", "it names no host: it looks like redis+cluster://localhost:6379."),
    ],
)
def test_redis_url_that_cannot_be_used(url: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way of writing it wrong, with the remedy."""
    assert (f"REDIS_URL={url!r}: {sentence}",) == said(monkeypatch, REDIS_URL=url)


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis://user:p%40ss@[::1]:6379/2?socket_timeout=3",
        "rediss://queue:6380",
        "unix:///run/redis.sock?db=1",
        "redis+sentinel://:secret@one:1,two/mymaster/0",
        "redis+cluster://one:1,two:2",
    ],
)
def test_redis_url(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the settings take, the queue takes."""
    monkeypatch.setenv("REDIS_URL", url)
    client_from_url(read_settings().redis_url)


def test_who_only_sends_names_a_redis_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is set and empty, as by a compose file, is told as such."""
    monkeypatch.setenv("REDIS_URL", "")
    with pytest.raises(SettingsError, match=EMPTY):
        read_settings()


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a password was not escaped, and so makes the URL one that cannot be read."""
    (problem,) = said(monkeypatch, REDIS_URL="redis://me:se/cr@et@queue:x")
    assert "REDIS_URL='redis://me:***@queue:x': its port is no number from 1 to 65535." == problem


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("API_URL", "localhost", "it looks like http://localhost:8000/api."),
        ("WORKER_TASK_TTL", "0", "must be at least 1 (milliseconds)."),
        (
            "WORKER_TASK_TTL",
            "3155760000001",
            "must be at most 3155760000000 (milliseconds in a hundred years).",
        ),
        ("WORKER_RUN_SCHEDULED_TASKS", "perhaps", "Not a valid boolean."),
        ("WORKER_KUE", "perhaps", "Not a valid boolean."),
        ("KUE_URL", "localhost:6379", "it has no scheme: it looks like redis://localhost:6379."),
        (
            "KUE_URL",
            "redis+cluster://one",
            "Kue's keys cannot lie in a Redis Cluster: name the Redis of its programs.",
        ),
        ("DATABASE_HOST", "db:3306", "it is a host's name or address alone; the port is DATABASE_PORT."),
    ],
)
def test_other_variables(name: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence each."""
    assert (f"{name}={value!r}: {sentence}",) == said(monkeypatch, **{name: value})


@pytest.mark.parametrize("given", ["", "redis://kue:6379/1"])
def test_kue_is_at_the_queues_redis_unless_told_otherwise(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a compose file sets the variables to nothing."""
    for name, value in {"REDIS_URL": "redis://queue", "KUE_URL": given, "KUE_PREFIX": ""}.items():
        monkeypatch.setenv(name, value)
    settings = read_settings()
    assert (given or "redis://queue", "q", False) == (settings.kue_url, settings.kue_prefix, settings.kue)


def test_kue_in_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is to take Kue's jobs must be told where they are, if our queue is in a Cluster."""
    monkeypatch.setenv("REDIS_URL", "redis+cluster://one")
    read_settings()
    (problem,) = said(monkeypatch, WORKER_KUE="true")
    assert problem.startswith("WORKER_KUE: Kue's keys cannot lie in the Redis Cluster of REDIS_URL")
    monkeypatch.setenv("KUE_URL", "redis://kue")
    read_settings()


def test_port_of_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that is wrong is one problem: the URL that would be made of it is none."""
    (problem,) = said(monkeypatch, DATABASE_HOST="db", DATABASE_PORT="x")
    assert "DATABASE_PORT='x': Not a valid integer." == problem


def test_who_only_sends_need_not_open_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Server code may run where the driver is not installed."""
    monkeypatch.setenv("DATABASE_URL", "postgresql+asyncpg://me@db/os")
    assert "postgresql+asyncpg://me@db/os" == read_settings().database_url


@pytest.mark.parametrize(
    ("is_there", "socket", "url"),
    [
        (False, None, "mysql+pymysql://os_moderator@localhost:3306/os?charset=utf8mb4"),
        (True, None, "mysql+mysqldb://os_moderator@127.0.0.1:3306/os?charset=utf8mb4"),
        (True, "/run/s", "mysql+mysqldb://os_moderator@localhost:3306/os?charset=utf8mb4&unix_socket=/run/s"),
    ],
)
def test_the_driver_in_c(
    is_there: bool, socket: str | None, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is taken where it is installed, and connects to where the other one does."""
    monkeypatch.setattr(mysqlclient, "is_installed", lambda: is_there)
    monkeypatch.setenv("DATABASE_NAME", "os")
    if socket:
        monkeypatch.setenv("DATABASE_SOCKET", socket)
    assert url == read_settings().database_url


def test_what_the_driver_in_c_does_not_know() -> None:
    """It is said before anything is connected, as of other drivers: PyMySQL's options are not its own."""
    mysqlclient.check_options(["host", "ssl", "charset", "read_timeout"])
    with pytest.raises(TypeError, match=r"^got an unexpected keyword argument 'ssl_disabled'$"):
        mysqlclient.check_options(["host", "ssl_disabled"])


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mysql+pymysql://me:p@ss@db/os?charset=utf8mb4", "mysql+pymysql://me:***@db/os?charset=utf8mb4"),
        ("mysql+pymysql://me:p?a@db/os", "mysql+pymysql://me:***@db/os"),
        ("redis://h?password=secret&db=1", "redis://h?password=***&db=1"),
        ("redis+sentinel://h/m?sentinel_password=secret", "redis+sentinel://h/m?sentinel_password=***"),
        ("sqlite:////tmp/a:b@c.db", "sqlite:////tmp/a:b@c.db"),
    ],
)
def test_masked(url: str, shown: str) -> None:
    """Passwords are hidden wherever a URL may have one."""
    assert shown == masked(url)
