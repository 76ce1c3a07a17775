"""A `REDIS_URL` that does not work: each command says so in one sentence, with exit code 1."""

from __future__ import annotations

import re
from collections.abc import Callable

import dramatiq
import pytest
from click.testing import CliRunner
from dramatiq import broker as dramatiq_broker

import actors  # noqa: F401 - declared before any test's broker is set
from osmod.cli import main
from osmod.jobs.broker import JobBroker
from osmod.jobs.schedules import every
from osmod.jobs.setup import default_middleware
from osmod.settings import get_settings
from tests.ports import free_port
from tests.redis_sentinels import SentinelSet
from tests.redis_servers import Server
from tests.rights.page import make_user


def _said(words: str, url: str, monkeypatch: pytest.MonkeyPatch, patience: int = 200) -> str:
    """What a command prints on a queue at `url`: one line, for people.

    Parameters:
      patience: milliseconds that a send waits for what may pass; many for what is said at once, on whatever machine.
    """
    monkeypatch.setenv("REDIS_URL", url)
    get_settings.cache_clear()
    broker = JobBroker(url=url, middleware=default_middleware(get_settings()), send_patience=patience)
    monkeypatch.setattr(dramatiq_broker, "global_broker", broker)
    dramatiq.actor(actor_name="heartbeat", periodic=every("1 hour"))(lambda: None)
    result = CliRunner().invoke(main, words.split(), prog_name="osmod")
    broker.close()
    assert 1 == result.exit_code, result.output
    assert isinstance(result.exception, SystemExit)
    (line,) = [line for line in result.output.splitlines() if re.search("Redis|Sentinel|socket", line)]
    return line


COMMANDS = pytest.mark.parametrize(
    "words", ["check --quick", "jobs list", "enqueue heartbeat", "schedules list"]
)


@COMMANDS
def test_a_wrong_password(server: Server, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """The login is named, the password is not shown."""
    make_user(server.client, "operator")
    url = f"redis://osmod-operator:wrong@127.0.0.1:{server.port}/0"
    said = _said(words, url, monkeypatch, patience=20_000)
    assert f"Redis at 127.0.0.1:{server.port} refuses the login of user 'osmod-operator'" in said
    assert "wrong@" not in said


@COMMANDS
def test_tls_against_a_plain_port(server: Server, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """`rediss://` to a server that speaks none."""
    said = _said(words, f"rediss://127.0.0.1:{server.port}/0?socket_timeout=1", monkeypatch, patience=20_000)
    assert "does not answer in TLS, which rediss:// asks for" in said


@COMMANDS
def test_a_missing_socket(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """The path is named."""
    assert "socket /nowhere/redis.sock: start Redis" in _said(
        words, "unix:///nowhere/redis.sock", monkeypatch
    )


@COMMANDS
def test_a_node_of_a_cluster(
    own_server: Callable[..., Server], monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    """`redis://` to one; schedules and `jobs list` meet it by an answer of redis-py's."""
    server = own_server("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    said = _said(words, server.url, monkeypatch)
    assert "node of a Redis Cluster: write redis+cluster://" in said


@COMMANDS
def test_a_cluster_that_is_none(server: Server, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """And the other way round."""
    said = _said(words, f"redis+cluster://127.0.0.1:{server.port}", monkeypatch)
    assert "is not a node of a Redis Cluster: write redis:// instead" in said


@COMMANDS
def test_sentinels_that_are_not_there(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """Who was asked for what, without the settings of every connection."""
    said = _said(words, "redis+sentinel://:secret@localhost:1,localhost:2/mymaster", monkeypatch)
    assert "not answer" in said
    assert "ConnectionPool" not in said
    assert "secret" not in said


@COMMANDS
def test_a_master_that_sentinels_do_not_know(
    sentinels: SentinelSet, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    """The name in the URL, and those that they know."""
    said = _said(words, sentinels.url.replace("mymaster", "other"), monkeypatch)
    assert "know of no master 'other', but of 'mymaster': correct its name in REDIS_URL" in said


@COMMANDS
def test_a_wrong_password_behind_sentinels(
    sentinels: SentinelSet, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    """The master is named by its name."""
    said = _said(words, sentinels.url.replace("://", "://worker:wrong@"), monkeypatch)
    assert re.search(
        r"Redis at (127\.0\.0\.1:\d+ \()?master 'mymaster'\)? refuses the login of user 'worker'", said
    )


@COMMANDS
def test_a_cluster_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """Who was asked, and what to start."""
    said = _said(words, "redis+cluster://127.0.0.1:1,127.0.0.1:2", monkeypatch)
    assert "o node of the Redis Cluster answers" in said
    assert "start its nodes, or correct their addresses in REDIS_URL" in said


@COMMANDS
@pytest.mark.parametrize("slots", [100, 16382])
def test_a_cluster_that_is_down(
    own_server: Callable[..., Server], monkeypatch: pytest.MonkeyPatch, words: str, slots: int
) -> None:
    """Some slots have no master, that of the queue among them or not."""
    server = own_server("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    server.client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, slots)
    said = _said(words, f"redis+cluster://127.0.0.1:{server.port}", monkeypatch)
    assert "he Redis Cluster is down" in said
    assert "start those of its nodes that are missing; `redis-cli --cluster check` names the slots" in said


@COMMANDS
def test_a_cluster_that_was_not_created(
    own_server: Callable[..., Server], monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    """No node has any slot."""
    server = own_server("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    said = _said(words, f"redis+cluster://127.0.0.1:{server.port}", monkeypatch)
    assert (
        f"he Redis Cluster at 127.0.0.1:{server.port} has no slots yet: `redis-cli --cluster create`" in said
    )


@COMMANDS
def test_rights_that_are_missing(server: Server, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """A user that may do nothing at all."""
    login = make_user(server.client, "operator", "-@all")
    said = _said(words, f"redis://{login}@127.0.0.1:{server.port}/0", monkeypatch)
    assert "does not allow user 'osmod-operator' what the queue needs" in said
    assert "docs/operations.md" in said
