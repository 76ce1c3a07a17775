"""`osmod check` of Redis: each setting under which queued jobs would be lost, with what to set."""

from __future__ import annotations

import re
from typing import Any

import pytest

from osmod.cli.checks import check_redis
from osmod.cli.checks.finding import Finding, Level, error, ok, warning
from osmod.cli.checks.redis import judge
from osmod.settings import masked, read_settings
from tests.cli.conftest import bad
from tests.found import only
from tests.redis_clusters import ClusterSet
from tests.redis_sentinels import SentinelSet
from tests.redis_servers import Server


def test_redis_that_keeps_jobs(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Redis as ours: its version, and that it keeps what is queued."""
    monkeypatch.setenv("REDIS_URL", redis_url)
    found = list(check_redis(read_settings()))
    assert re.fullmatch(rf"(Redis|Valkey) [\d.]+ answers at {re.escape(masked(redis_url))}", found[0].message)
    assert [ok("append-only file on"), ok("nothing is evicted (noeviction)")] == found[1:]


@pytest.mark.parametrize(
    "url",
    [
        "redis://queue:port",
        "http://queue",
        "redis+sentinel://queue",
        "redis://:6379",
        "queue:6379",
        "redis://queue/name",
    ],
)
def test_redis_url_that_nothing_can_open(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A malformed REDIS_URL is an error, not a traceback."""
    monkeypatch.setenv("REDIS_URL", url)
    found = only(check_redis(read_settings()))
    assert Level.ERROR is found.level
    assert found.message.startswith(f"REDIS_URL={url} cannot be used: ")


MAKE_ROOM = (
    "raise maxmemory (`redis-cli CONFIG SET maxmemory …`), or make room (`osmod jobs delete --state failed`)."
)
GOOD_INFO: dict[str, Any] = {
    "redis_version": "7.4.1",
    "role": "master",
    "aof_enabled": 1,
    "aof_last_write_status": "ok",
    "maxmemory_policy": "noeviction",
    "maxmemory": 0,
    "used_memory": 1_000,
}


@pytest.mark.parametrize(
    ("info", "finding"),
    [
        (
            {"min_slaves_good_slaves": 0, "connected_slaves": 0},
            error(
                "it takes no jobs, as it has no replica that is up to date and min-replicas-to-write asks for some: "
                "start the replicas, or see why they lag."
            ),
        ),
        (
            {"redis_version": "6.0.16"},
            error("Redis 6.0.16 is too old: the queue needs Redis 6.2 or newer, or Valkey."),
        ),
        (
            {"role": "slave"},
            error("it is a read-only replica: name its primary, or the Sentinels, in REDIS_URL."),
        ),
        (
            {"cluster_enabled": 1},
            error(
                "it is a node of a Redis Cluster: write redis+cluster:// instead of redis:// in REDIS_URL."
            ),
        ),
        (
            {"connected_slaves": 1},
            warning(
                "min-replicas-to-write is 0: when a replica takes over, jobs acknowledged shortly before may be "
                "lost; set `min-replicas-to-write 1` and `min-replicas-max-lag 2`."
            ),
        ),
        (
            {"aof_enabled": 0},
            warning(
                "the append-only file is off: jobs queued since the last snapshot are lost when Redis stops; "
                "`redis-cli CONFIG SET appendonly yes`, and the same in its configuration file."
            ),
        ),
        (
            {"aof_last_write_status": "err"},
            error("the append-only file cannot be written: make room on Redis's disk."),
        ),
        (
            {"maxmemory_policy": "allkeys-lru"},
            warning(
                "maxmemory-policy is allkeys-lru: with a memory limit Redis would throw queued jobs away; "
                "`redis-cli CONFIG SET maxmemory-policy noeviction`."
            ),
        ),
        (
            {"maxmemory_policy": "volatile-ttl", "maxmemory": 2_000},
            error(
                "maxmemory-policy is volatile-ttl: when memory runs out Redis throws queued jobs away; "
                "`redis-cli CONFIG SET maxmemory-policy noeviction`."
            ),
        ),
        (
            {"maxmemory": 1_050},
            warning(f"memory is 95% full: no job can be queued when it is; {MAKE_ROOM}"),
        ),
        (
            {"maxmemory": 1_000, "used_memory": 3_140},
            error(f"memory is 314% full, so no job can be queued: {MAKE_ROOM}"),
        ),
        (
            {"aof_last_bgrewrite_status": "err"},
            warning(
                "the append-only file could not be rewritten and grows: make room on Redis's disk, "
                "then `redis-cli BGREWRITEAOF`."
            ),
        ),
        (
            {"rdb_last_bgsave_status": "err"},
            error(
                "the last snapshot failed, and Redis may refuse to take jobs: make room on its disk, "
                "then `redis-cli BGSAVE`."
            ),
        ),
    ],
)
def test_redis_that_does_not(info: dict[str, Any], finding: Finding) -> None:
    """Each setting under which queued jobs would be lost, with what to set."""
    assert [finding] == bad(list(judge(GOOD_INFO | info, "redis://queue")))


def test_redis_that_keeps_nothing(own_redis: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an append-only file nor snapshots; with snapshots it is half as bad, and unknown is no worse."""
    monkeypatch.setenv("REDIS_URL", own_redis.url)
    keeps_nothing = error(
        "nothing is written to disk: all jobs are lost when Redis stops; "
        "`redis-cli CONFIG SET appendonly yes`, and the same in its configuration file."
    )
    assert [keeps_nothing] == bad(list(check_redis(read_settings())))
    own_redis.ask("CONFIG", "SET", "save", "60 1")
    found = only(bad(list(check_redis(read_settings()))))
    assert Level.WARNING is found.level
    own_redis.ask("CONFIG", "SET", "save", "")
    own_redis.ask("ACL", "SETUSER", "default", "-config")
    found = only(bad(list(check_redis(read_settings()))))
    assert Level.WARNING is found.level


def test_redis_that_is_full(own_redis: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit below what it holds already: no job can be queued, which is an error."""
    monkeypatch.setenv("REDIS_URL", own_redis.url)
    own_redis.ask("CONFIG", "SET", "appendonly", "yes")
    own_redis.ask("CONFIG", "SET", "maxmemory", "500kb")
    found = only(bad(list(check_redis(read_settings()))))
    assert Level.ERROR is found.level
    assert re.fullmatch(r"memory is \d{3}% full, so no job can be queued: .*", found.message)


def test_a_cluster_is_looked_at_whole(cluster: ClusterSet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each master is judged, under its own address."""
    monkeypatch.setenv("REDIS_URL", cluster.url)
    found = [one.message for one in check_redis(read_settings())]
    assert 3 == sum(" answers at redis+cluster://127.0.0.1:" in message for message in found)
    assert 3 == sum("min-replicas-to-write is 0" in message for message in found)
    assert not any("Cluster: write" in message for message in found)


def test_replicas_that_are_asked_for(sentinels: SentinelSet, monkeypatch: pytest.MonkeyPatch) -> None:
    """A master that takes only what a replica has is well set up."""
    sentinels.configure(min_replicas_to_write=1)
    monkeypatch.setenv("REDIS_URL", sentinels.url)
    assert ok("takes nothing that no replica has (2 are up to date)") in list(check_redis(read_settings()))
