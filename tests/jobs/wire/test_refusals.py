"""A Redis that refuses: what is wrong and what to do is one sentence, said at once."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from pathlib import Path

import dramatiq
import pytest

from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import JobNotQueued
from osmod.jobs.wire import links
from tests.jobs.conftest import working
from tests.ports import free_port
from tests.redis_sentinels import SentinelSet
from tests.redis_servers import Server, binaries
from tests.rights.page import make_user
from tests.waiting import until

#: Milliseconds that `send` waits for a Redis that is away, and seconds in which a refusal is there: what is not waited
#: for is said long before, on a busy machine, too.
PATIENCE, AT_ONCE = 100_000, 30


def _refusal(url: str) -> str:
    broker = JobBroker(url=url, send_patience=PATIENCE)
    dramatiq.set_broker(broker)
    actor = dramatiq.actor(actor_name="noop")(lambda: None)
    began = time.monotonic()
    with pytest.raises(JobNotQueued) as refused:
        actor.send()
    broker.close()
    assert time.monotonic() - began < AT_ONCE
    return str(refused.value).removeprefix("noop() was not queued: ")


def test_a_wrong_password(server: Server) -> None:
    """Not "did not answer … start it": the login is named."""
    server.client.execute_command("ACL", "SETUSER", "worker", "reset", "on", ">right", "~*", "&*", "+@all")
    said = _refusal(f"redis://worker:wrong@127.0.0.1:{server.port}/0")
    assert said.startswith(f"Redis at 127.0.0.1:{server.port} refuses the login of user 'worker'")
    assert "correct user and password in REDIS_URL" in said
    assert "wrong@" not in said


def test_no_password_where_one_is_needed(own_server: Callable[..., Server]) -> None:
    """A server with `requirepass`, a URL without one."""
    server = own_server()
    server.client.config_set("requirepass", "secret")
    said = _refusal(server.url)
    server.client.connection_pool.connection_kwargs["password"] = "secret"
    assert "refuses the login of user 'default'" in said


def test_scripts_denied(server: Server) -> None:
    """EVAL denied names the right and the page that lists them."""
    server.client.execute_command(
        "ACL", "SETUSER", "worker", "reset", "on", ">w", "~*", "&*", "+@all", "-eval", "-evalsha"
    )
    said = _refusal(f"redis://worker:w@127.0.0.1:{server.port}/0")
    assert said.startswith("Redis does not allow user 'worker' what the queue needs (NOPERM")
    assert "docs/operations.md" in said


def test_a_right_that_a_script_needs_in_its_middle(server: Server) -> None:
    """The command is named, and nothing is half stored."""
    server.client.execute_command(
        "ACL", "SETUSER", "worker", "reset", "on", ">w", "~*", "&*", "+@all", "-zrandmember"
    )
    said = _refusal(f"redis://worker:w@127.0.0.1:{server.port}/0")
    assert "(ZRANDMEMBER on keys that begin with dramatiq:{default}:)" in said
    assert 0 == server.client.dbsize()


def test_keys_out_of_reach(server: Server) -> None:
    """A user whose keys are others than the namespace's."""
    server.client.execute_command("ACL", "SETUSER", "worker", "reset", "on", ">w", "~other:*", "&*", "+@all")
    assert "does not allow user 'worker'" in _refusal(f"redis://worker:w@127.0.0.1:{server.port}/0")
    assert 0 == server.client.dbsize()


def test_tls_against_a_plain_port(server: Server) -> None:
    """`rediss://` to a server that speaks none."""
    said = _refusal(f"rediss://127.0.0.1:{server.port}/0?ssl_cert_reqs=none&ssl_check_hostname=false")
    assert said.startswith(f"the Redis at 127.0.0.1:{server.port} does not answer in TLS")
    assert "write redis:// if it speaks none" in said


def test_a_missing_socket() -> None:
    """A path where nothing is."""
    assert _refusal("unix:///nowhere/redis.sock").startswith(
        "there is no socket /nowhere/redis.sock: start Redis, or correct the path"
    )


def test_a_socket_that_was_there_is_waited_for(own_server: Callable[..., Server]) -> None:
    """What has worked is not misspelt: a restart of Redis takes its socket away for a moment."""
    server = own_server("--appendonly", "yes", "--appendfsync", "always")
    broker = JobBroker(url=f"unix://{server.folder}/s", send_patience=20_000)
    dramatiq.set_broker(broker)
    actor = dramatiq.actor(actor_name="noop")(lambda: None)
    actor.send()
    server.kill()
    Path(server.folder, "s").unlink()
    with working(broker):
        server.start()
        actor.send()
        broker.join("default", timeout=120_000)
    broker.close()


def test_a_database_that_is_not_there(server: Server) -> None:
    """The number is named."""
    assert "has no database 99" in _refusal(f"redis://127.0.0.1:{server.port}/99")


def test_a_node_of_a_cluster(own_server: Callable[..., Server]) -> None:
    """`redis://` to a cluster's node would work for some queues and not for others."""
    server = own_server("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    said = _refusal(server.url)
    assert f"is a node of a Redis Cluster: write redis+cluster://127.0.0.1:{server.port} in REDIS_URL" in said


def test_a_cluster_that_is_none(server: Server) -> None:
    """And the other way round."""
    said = _refusal(f"redis+cluster://127.0.0.1:{server.port}")
    assert f"the Redis at 127.0.0.1:{server.port} is not a node of a Redis Cluster: write redis://" in said


def test_a_wrong_password_in_a_cluster(own_server: Callable[..., Server]) -> None:
    """The login is named at once there, too."""
    server = own_server("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    said = _refusal(f"redis+cluster://worker:wrong@127.0.0.1:{server.port}")
    assert said.startswith(f"Redis at 127.0.0.1:{server.port} refuses the login of user 'worker'")


def test_tls_against_a_plain_port_of_a_cluster(own_server: Callable[..., Server]) -> None:
    """Likewise."""
    server = own_server("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    said = _refusal(f"rediss+cluster://127.0.0.1:{server.port}?ssl_cert_reqs=none&ssl_check_hostname=false")
    assert said.startswith(f"the Redis at 127.0.0.1:{server.port} does not answer in TLS")


def test_a_sentinel_that_is_none(server: Server) -> None:
    """The port of a Redis where Sentinels are asked for."""
    said = _refusal(f"redis+sentinel://127.0.0.1:{server.port}/mymaster")
    assert said.startswith(f"what answers at 127.0.0.1:{server.port} is no Sentinel (")


def test_a_master_that_sentinels_do_not_know(sentinels: SentinelSet) -> None:
    """A misspelt name is not waited for."""
    said = _refusal(sentinels.url.replace("mymaster", "other"))
    assert said.startswith("the Sentinels at 127.0.0.1:")
    assert "know of no master 'other', but of 'mymaster': correct its name in REDIS_URL" in said


def test_a_wrong_password_behind_sentinels(sentinels: SentinelSet) -> None:
    """The login is that of the master, which is named."""
    said = _refusal(sentinels.url.replace("://", "://worker:wrong@"))
    where = f"127.0.0.1:{sentinels.master.port} (master 'mymaster')"
    assert said.startswith(f"Redis at {where} refuses the login of user 'worker'")


def test_a_cluster_that_was_not_created(own_server: Callable[..., Server]) -> None:
    """No node has any slot: somebody has to create it, which takes longer than `send` waits."""
    server = own_server("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    said = _refusal(f"redis+cluster://127.0.0.1:{server.port}")
    assert said.startswith(f"the Redis Cluster at 127.0.0.1:{server.port} has no slots yet: `redis-cli")


def test_a_sentinels_port(sentinels: SentinelSet) -> None:
    """And the other way round."""
    port = sentinels.sentinels[0].port
    said = _refusal(f"redis://127.0.0.1:{port}/0")
    assert said.startswith(
        f"what answers at 127.0.0.1:{port} is a Sentinel: write redis+sentinel://127.0.0.1:{port}"
    )


def test_a_full_server_is_no_outage(own_server: Callable[..., Server]) -> None:
    """It is waited for, since workers drain it; then said to be full, not silent."""
    server = own_server()
    broker = JobBroker(url=server.url, send_patience=100)
    dramatiq.set_broker(broker)
    actor = dramatiq.actor(actor_name="noop")(lambda: None)
    actor.send()
    server.client.config_set("maxmemory", "1")
    with pytest.raises(
        JobNotQueued, match=r"Redis is full for 0\.1 seconds and takes no more jobs .*maxmemory"
    ):
        actor.send()
    server.client.config_set("maxmemory", "0")
    broker.close()


@pytest.mark.parametrize("many", [False, True], ids=["send", "send_many"])
@pytest.mark.parametrize("size", [1_200_000, 30_000_000])
@pytest.mark.parametrize("kind", binaries())
def test_a_message_longer_than_redis_takes(
    own_server: Callable[..., Server], kind: str, size: int, many: bool
) -> None:
    """Size, setting and remedy at once, whether Redis answers or closes; the others of its call are not stored."""
    server = own_server(kind=kind)
    server.client.config_set("proto-max-bulk-len", "1mb")
    broker = JobBroker(url=server.url, send_patience=PATIENCE)
    dramatiq.set_broker(broker)
    actor = dramatiq.actor(actor_name="noop")(lambda text: None)
    before = ["x" * 600_000, "x" * 600_000] if many else []
    messages = [actor.message(text) for text in [*before, "x" * size, "short"]]
    began = time.monotonic()
    with pytest.raises(JobNotQueued) as refused:
        broker.send_many(messages) if many else broker.enqueue(messages[0])
    assert time.monotonic() - began < AT_ONCE
    broker.close()

    said = str(refused.value)
    (told,) = re.findall(r"x…? was not queued: a message of (\d+) bytes is longer than Redis takes", said)
    assert size < int(told) < size + 500
    assert "send a reference instead of the data, or raise proto-max-bulk-len" in said
    assert len(said) < 1000
    assert len(before) == server.client.zcard("dramatiq:{default}:ready")


def test_a_lost_connection_is_not_taken_for_a_long_message(
    own_server: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that Redis would take is sent again when its connection breaks."""
    monkeypatch.setattr(links, "SHORT", 60.0)  # The connection is not looked at before it is used.
    server = own_server()
    broker = JobBroker(url=server.url)
    dramatiq.set_broker(broker)
    actor = dramatiq.actor(actor_name="noop")(lambda text: None)
    actor.send("short")
    server.client.client_kill_filter(_type="normal", skipme=True)
    actor.send("x" * 1_200_000)
    broker.close()
    assert 2 == server.client.zcard("dramatiq:{default}:ready")


def test_another_programs_key(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """WRONGTYPE names the key; a worker says so, and goes on once it is mended."""
    key = "dramatiq:{default}:ready"
    server.client.set(key, "mine")
    said = _refusal(server.url)
    assert said.startswith(
        f"the key {key} is not the zset that the queue keeps there: another program writes to it"
    )
    assert [key.encode()] == [
        name for name in server.client.scan_iter() if b"job:" not in name and b"meta" not in name
    ]

    broker = JobBroker(url=server.url)
    broker.emit_after("process_boot")
    dramatiq.set_broker(broker)
    ran: list[int] = []
    actor = dramatiq.actor(actor_name="note")(ran.append)
    with caplog.at_level(logging.WARNING), working(broker):
        until(lambda: key in caplog.text)
        server.client.delete(key)
        actor.send(1)
        until(lambda: ran == [1])
    broker.close()
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("role", ["sender", "worker", "scheduler", "operator"])
@pytest.mark.parametrize("name", ["ready", "meta", "wake"])
def test_the_key_is_found(server: Server, role: str, name: str) -> None:
    """Whichever it is, by whoever may run the script: it is no right that is missing."""
    key = f"dramatiq:{{default}}:{name}"
    server.client.set(key, "mine")
    said = _refusal(f"redis://{make_user(server.client, role)}@127.0.0.1:{server.port}/0")
    assert said.startswith(f"the key {key} is not the ")
