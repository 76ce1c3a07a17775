"""From a URL to Redis: every scheme, ACL users, Sentinel; and nothing waits for ever."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import dramatiq
import pytest
import redis
from redis._parsers.base import BaseParser

from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import InvalidOption, JobNotQueued
from osmod.jobs.queue.custody import lease_millis
from osmod.jobs.wire.connection import client_from_url
from osmod.jobs.wire.link import PASSING, Link, passes
from osmod.jobs.wire.links import Links
from osmod.jobs.wire.resp import ServerError
from osmod.jobs.wire.route import Route
from tests.jobs.conftest import working
from tests.ports import free_port
from tests.queue_counts import queue_counts
from tests.redis_servers import Server
from tests.services import unavailable
from tests.waiting import until


def _works(broker: JobBroker) -> None:
    broker.emit_after("process_boot")
    dramatiq.set_broker(broker)
    actor = dramatiq.actor(actor_name="noop")(lambda: None)
    actor.send()
    with working(broker):
        broker.join("default", timeout=120_000)
    assert queue_counts(broker, "default").done == 1
    broker.close()


def test_a_connection_that_was_closed_at_rest_is_not_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by the server's `timeout`: the next command goes out on a new one, and nobody need send it twice."""
    monkeypatch.setattr("osmod.jobs.wire.links.SHORT", 0.0)
    links = Links(Route(server.client.connection_pool))
    links.call(b"any", b"PING\r\n")
    server.client.client_kill_filter(_type="normal", skipme=True)
    assert b"PONG" == links.call(b"any", b"PING\r\n")
    links.close()


def test_unix_sockets(server: Server) -> None:
    """`unix://` works from sending to running."""
    _works(JobBroker(url=f"unix://{server.folder}/s?db=1"))


def test_acl_users(server: Server) -> None:
    """A user name and password in the URL are used, percent-encoding undone."""
    server.client.execute_command("ACL", "SETUSER", "worker", "on", ">p@ss", "~*", "&*", "+@all")
    _works(JobBroker(url=f"redis://worker:p%40ss@127.0.0.1:{server.port}/0"))


def test_a_wrong_password_is_no_silence(server: Server) -> None:
    """`send` says what is wrong."""
    broker = JobBroker(url=f"redis://worker:wrong@127.0.0.1:{server.port}/0", send_patience=100)
    dramatiq.set_broker(broker)
    actor = dramatiq.actor(actor_name="noop")(lambda: None)
    with pytest.raises(
        JobNotQueued, match=r"refuses the login of user .worker.*correct user and password in REDIS_URL"
    ):
        actor.send()
    broker.close()


def test_tls(own_server: Callable[..., Server], tmp_path: Path) -> None:
    """`rediss://` works from sending to running."""
    openssl = shutil.which("openssl")
    if openssl is None:
        unavailable("no openssl to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=localhost", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    port = free_port()
    tls = ("--tls-port", str(port), "--tls-cert-file", str(certificate), "--tls-key-file", str(key))
    try:
        own_server(*tls, "--tls-ca-cert-file", str(certificate), "--tls-auth-clients", "no", kind="redis")
    except AssertionError:
        unavailable("this server was built without TLS")
    _works(JobBroker(url=f"rediss://127.0.0.1:{port}/0?ssl_cert_reqs=none&ssl_check_hostname=false"))


@pytest.fixture
def sentinel(own_server: Callable[..., Server], tmp_path: Path) -> Iterator[tuple[Server, Server, int]]:
    """A master, its replica, and the port of a sentinel that watches them."""
    binary = shutil.which("redis-server")
    if binary is None:
        unavailable("no redis-server to run as a sentinel")
    master, replica = own_server(kind="redis"), own_server(kind="redis")
    replica.client.replicaof("127.0.0.1", master.port)
    until(lambda: replica.client.info("replication")["master_link_status"] == "up", 20)
    port = free_port()
    configuration = tmp_path / "sentinel.conf"
    configuration.write_text(
        f"port {port}\nbind 127.0.0.1\nsentinel monitor mymaster 127.0.0.1 {master.port} 1\n"
        "sentinel down-after-milliseconds mymaster 300\nsentinel failover-timeout mymaster 2000\n"
    )
    process = subprocess.Popen([binary, str(configuration), "--sentinel"], stdout=subprocess.DEVNULL)
    client = redis.Redis(port=port)

    def knows_both() -> bool:
        try:
            return bool(client.execute_command("SENTINEL", "REPLICAS", "mymaster"))
        except redis.RedisError:
            return False

    until(knows_both, 30)
    yield master, replica, port
    client.close()
    process.kill()
    process.wait()


def test_sentinel_leads_to_the_master_also_after_a_failover(sentinel: tuple[Server, Server, int]) -> None:
    """A worker and a sender follow the master; neither is restarted, no replicated job is lost."""
    master, replica, port = sentinel
    broker = JobBroker(url=f"redis+sentinel://127.0.0.1:{port}/mymaster/0", send_patience=60_000, lease=1000)
    broker.emit_after("process_boot")
    dramatiq.set_broker(broker)
    ran: list[int] = []
    actor = dramatiq.actor(actor_name="note")(ran.append)
    with working(broker):
        actor.send(1)
        until(lambda: ran == [1])
        master.kill()
        actor.send(2)
        until(lambda: 2 in ran, 20)
    broker.close()

    assert replica.client.info("replication")["role"] == "master"


@pytest.mark.parametrize(
    "url", ["redis+sentinel://", "redis+sentinel://a:1", "redis+sentinel://a:x/mymaster"]
)
def test_sentinel_urls_that_make_no_sense(url: str) -> None:
    """The error shows the form, or the part that is wrong."""
    with pytest.raises(ValueError, match=r"mymaster/0|expected host:port"):
        client_from_url(url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("redis://h?colour=red", "an option that nothing knows, colour: correct or remove it"),
        ("unix:///s?colour=red", "an option that nothing knows, colour: correct or remove it"),
        ("redis://h?ssl_cert_reqs=none", r"nothing knows, ssl_cert_reqs \(it goes with rediss://\): correct"),
        ("rediss://h?ssl_cert_reqs=maybe", r"its options cannot be used \(.*maybe"),
    ],
)
def test_options_that_nobody_knows(url: str, said: str) -> None:
    """They are refused at once: as jobs were taken, a worker would be told of them again and again."""
    with pytest.raises(ValueError, match=said):
        client_from_url(url)


def test_sentinel_urls_are_read_in_full() -> None:
    """Database, user and password of the master; those of the sentinels apart."""
    client = client_from_url(
        "redis+sentinel://me:p%40ss@one:1,two/mymaster/3?sentinel_username=s&sentinel_password=t"
    )
    parameters = client.connection_pool.connection_kwargs
    assert (parameters["db"], parameters["username"], parameters["password"]) == (3, "me", "p@ss")
    sentinels = client.connection_pool.sentinel_manager.sentinels
    hosts = [one.connection_pool.connection_kwargs for one in sentinels]
    assert [(one["host"], one["port"]) for one in hosts] == [("one", 1), ("two", 26379)]
    assert {(one["username"], one["password"]) for one in hosts} == {("s", "t")}


@pytest.mark.parametrize("url", ["redis://h", "rediss://h", "unix:///s", "redis+sentinel://h:1/m"])
def test_every_connection_has_timeouts(url: str) -> None:
    """No wait for an answer is unbounded, and TCP connections are kept alive."""
    parameters = client_from_url(url).connection_pool.connection_kwargs
    assert parameters["socket_timeout"] == 5
    assert parameters.get("socket_keepalive", url.startswith("unix"))


def test_timeouts_in_a_url_win() -> None:
    """What the operator writes is used."""
    parameters = client_from_url("redis://h?socket_timeout=9").connection_pool.connection_kwargs
    assert parameters["socket_timeout"] == 9


def _as_redis_py_says(answer: str) -> Exception:
    """What redis-py makes of an answer: of some it takes out the first word."""
    error: Exception = BaseParser.parse_error(answer)
    return error


@pytest.mark.parametrize(
    ("expected", "error"),
    [
        *((True, ServerError(f"{code} for now")) for code in sorted(PASSING)),
        (True, redis.TimeoutError()),
        (True, redis.ConnectionError()),
        (True, ConnectionResetError()),
        *(
            (True, _as_redis_py_says(f"{code} for now"))
            for code in ("READONLY", "OOM", "MASTERDOWN", "CLUSTERDOWN", "MISCONF", "LOADING")
        ),
        (False, _as_redis_py_says("NOPERM no")),
        (False, ServerError("WRONGTYPE Operation against a key")),
        (False, ServerError("ERR user_script:1: oops")),
        (False, ValueError()),
    ],
)
def test_which_errors_pass(expected: bool, error: Exception) -> None:
    """What is Redis being away is tried again; what is a mistake is not."""
    assert expected == passes(error)


def test_answers_of_every_kind_are_read(server: Server) -> None:
    """The reader of a link understands what Redis sends."""
    link = Link(Route(client_from_url(server.url).connection_pool))

    def ask(*words: bytes) -> object:
        return link.call(
            b"", b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(w), w) for w in words)
        )

    assert ask(b"SET", b"k", b"x" * 100_000) == b"OK"
    assert ask(b"GET", b"k") == b"x" * 100_000
    assert ask(b"GET", b"none") is None
    assert ask(b"STRLEN", b"k") == 100_000
    assert ask(b"MGET", b"none", b"k") == [None, b"x" * 100_000]
    with pytest.raises(ServerError, match="WRONGTYPE"):
        ask(b"LLEN", b"k")
    assert ask(b"ECHO", b"") == b""
    link.close()


@pytest.mark.parametrize(("expected", "lease"), [(15_000, 15_000), (2_000, 2), (500, 0.5), (250, 250)])
def test_leases(expected: int, lease: float) -> None:
    """Milliseconds; numbers that could only be seconds are seconds."""
    assert expected == lease_millis(lease)


def test_a_lease_nobody_could_keep_is_refused() -> None:
    """Shorter than a heartbeat could extend."""
    with pytest.raises(InvalidOption, match=r"lease=0\.1"):
        lease_millis(0.1)


def test_an_answer_that_nobody_waited_for_is_nobody_elses(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread is interrupted between asking and reading: whoever uses that connection next has its own answer."""

    class Interrupted(BaseException):
        pass

    def interrupted(link: Link) -> None:
        raise Interrupted

    broker = JobBroker(url=server.url)
    dramatiq.set_broker(broker)
    actor = dramatiq.actor(actor_name="noop")(lambda: None)
    first = actor.send_with_options(unique="key")
    with monkeypatch.context() as patch:
        patch.setattr(Link, "receive", interrupted)
        with pytest.raises(Interrupted):
            actor.send()

    assert first.message_id == actor.send_with_options(unique="key").message_id
    broker.close()
