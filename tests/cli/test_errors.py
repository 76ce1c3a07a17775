"""The sentences in which operators are told what to mend."""

from __future__ import annotations

import os
import sys

import pytest
import redis
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from osmod.cli.errors import database_sentence, explain, redis_sentence
from osmod.moderation.database import connect
from osmod.settings import masked

HERE = "redis://:secret@queue:6379"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            redis.ConnectionError("Error 111"),
            "Redis does not answer at redis://:***@queue:6379: start one with `osmod redis`, "
            "or name yours in REDIS_URL.",
        ),
        (
            redis.TimeoutError("Timeout reading from socket"),
            "Redis does not answer at redis://:***@queue:6379: it took the connection, and then said nothing for too "
            "long. It hangs, is overloaded or cut off: look at its host, where `redis-cli ping` should answer PONG.",
        ),
        (
            redis.TimeoutError("Timeout connecting to server"),
            "Redis does not answer at redis://:***@queue:6379: start one with `osmod redis`, "
            "or name yours in REDIS_URL.",
        ),
        (
            redis.AuthenticationError("WRONGPASS"),
            "Redis at queue:6379 refuses the login of user 'default' (WRONGPASS): "
            "correct user and password in REDIS_URL.",
        ),
        (
            redis.BusyLoadingError("loading"),
            "Redis at redis://:***@queue:6379 is still reading its data from disk: try again in a moment.",
        ),
        (
            redis.ResponseError("OOM"),
            "Redis is full and takes no more jobs (OOM): raise its maxmemory or let workers drain it; "
            "what is queued is safe.",
        ),
        (
            redis.ReadOnlyError("READONLY"),
            "Redis is a read-only replica (READONLY): name its primary, or the Sentinels, in REDIS_URL.",
        ),
        (
            redis.ResponseError("MISCONF"),
            "Redis cannot write to its disk, and takes no more jobs (MISCONF): make room there.",
        ),
        (ValueError("no scheme"), "REDIS_URL=redis://:***@queue:6379 cannot be used: no scheme."),
    ],
)
def test_redis(error: Exception, sentence: str) -> None:
    """Each way in which Redis can fail, with the remedy; never with the password."""
    assert sentence == redis_sentence(error, HERE)


def mysql_error(code: int, said: str) -> OperationalError:
    """What SQLAlchemy raises when PyMySQL says so."""
    return OperationalError(None, None, Exception(code, said))


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            mysql_error(2003, "Can't connect"),
            "the database does not answer at mysql+pymysql://me:***@db/os (Can't connect): "
            "start it, or name yours in DATABASE_URL.",
        ),
        (
            mysql_error(1045, "Access denied"),
            "the database at mysql+pymysql://me:***@db/os refuses the login (Access denied): "
            "correct DATABASE_USER and DATABASE_PASSWORD.",
        ),
        (
            mysql_error(1049, "Unknown database 'os'"),
            "Unknown database 'os' at mysql+pymysql://me:***@db/os: create it, or correct DATABASE_NAME.",
        ),
        (
            mysql_error(1698, "Access denied"),
            "the database at mysql+pymysql://me:***@db/os refuses the login (Access denied): "
            "correct DATABASE_USER and DATABASE_PASSWORD.",
        ),
        *(
            (
                mysql_error(code, "X denied"),
                "the database at mysql+pymysql://me:***@db/os lets this user in, but not do all that is needed "
                "(X denied): GRANT SELECT, INSERT, UPDATE, DELETE ON `os`.* TO 'me'; `osmod db upgrade` needs "
                "CREATE, ALTER, INDEX and REFERENCES, too.",
            )
            for code in (1044, 1142, 1143, 1227)
        ),
        (
            mysql_error(1205, "Lock wait timeout exceeded"),
            "the database at mysql+pymysql://me:***@db/os is locked by another process, which does not let go "
            "(Lock wait timeout exceeded): try again, or see what holds it: SHOW PROCESSLIST tells MySQL's, and for "
            "SQLite end the other program.",
        ),
        (
            mysql_error(1290, "running with --read-only"),
            "the database at mysql+pymysql://me:***@db/os can be read, and takes no writes (running with "
            "--read-only): name the one that does, or have this one take them (rights of the file, read_only, room "
            "on its disk).",
        ),
        (
            mysql_error(2013, "Lost connection to MySQL server during query (timed out)"),
            "the database does not answer at mysql+pymysql://me:***@db/os: it took the connection, and then said "
            "nothing for too long (Lost connection to MySQL server during query (timed out)). It hangs, is "
            "overloaded or cut off.",
        ),
        (
            mysql_error(1364, "Field 'x' has no default"),
            "the database at mysql+pymysql://me:***@db/os answers: Field 'x' has no default",
        ),
    ],
)
def test_database(error: Exception, sentence: str) -> None:
    """Each way in which the database can fail, with the remedy; never with the password."""
    assert sentence == database_sentence(error, "mysql+pymysql://me:secret@db/os")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (
            "os_moderator",
            "DATABASE_URL=os_moderator is not a database URL; it looks like "
            "mysql+pymysql://user:password@host/os_moderator?charset=utf8mb4 or sqlite:///osmod.db.",
        ),
        (
            "mysql://me@db/os",
            "DATABASE_URL asks for the driver MySQLdb: write mysql+pymysql://… (installed here).",
        ),
        (
            "mysql+mysqldb://me@db/os",
            "DATABASE_URL asks for the driver MySQLdb: write mysql+pymysql://… (installed here).",
        ),
        (
            "postgresql+asyncpg://me@db/os",
            "DATABASE_URL asks for the driver asyncpg, which is not installed: pip install asyncpg.",
        ),
    ],
)
def test_unusable_database_url(url: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A URL that nothing can open says how one looks, or what is not installed."""
    monkeypatch.setitem(sys.modules, "MySQLdb", None)
    with pytest.raises(Exception) as caught:
        connect(url)
    assert sentence == database_sentence(caught.value, url)


@pytest.mark.only_on("mariadb")
def test_real_server(database_url: str) -> None:
    """What the driver says of a database that is not there is understood."""
    url = make_url(database_url).set(database="osmod_test_nowhere").render_as_string(hide_password=False)
    engine = connect(url)
    with pytest.raises(OperationalError) as caught:
        engine.connect()
    engine.dispose()
    sentence = database_sentence(caught.value, url)
    assert (
        f"Unknown database 'osmod_test_nowhere' at {masked(url)}: create it, or correct DATABASE_NAME."
        == sentence
    )


@pytest.mark.only_on("mariadb")
def test_a_right_that_is_missing(database_url: str) -> None:
    """A user who may log in and nothing else: that is no wrong password."""
    name = f"osmod_test_{os.getpid()}"
    url = make_url(database_url).set(username=name, password="right")
    owner = connect(database_url)
    with owner.connect() as connection:
        connection.exec_driver_sql(f"CREATE USER {name}@'%%' IDENTIFIED BY 'right'")
        try:
            text = url.render_as_string(hide_password=False)
            engine = connect(text)
            with pytest.raises(OperationalError) as caught:
                engine.connect()
            engine.dispose()
        finally:
            connection.exec_driver_sql(f"DROP USER {name}@'%%'")
    owner.dispose()
    sentence = database_sentence(caught.value, text)
    assert sentence is not None
    assert f"the database at {masked(text)} lets this user in, but not do all that is needed (" in sentence


def test_files() -> None:
    """A file that cannot be opened is named."""
    assert "/x: Permission denied." == explain(PermissionError(13, "Permission denied", "/x"))


def test_others() -> None:
    """What is not an operator's to mend gets no sentence."""
    assert explain(KeyError("x")) is None
    assert explain(ModuleNotFoundError(name="actors")) is None


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://u:p@h:1/0", "redis://u:***@h:1/0"),
        ("redis+sentinel://u:p@a:1,b:2/master", "redis+sentinel://u:***@a:1,b:2/master"),
        ("redis://h:99999999", "redis://h:99999999"),
        ("nonsense", "nonsense"),
    ],
)
def test_masked(url: str, shown: str) -> None:
    """Passwords are hidden, in URLs that cannot be read too."""
    assert shown == masked(url)
