"""The Redis that holds the queue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import redis
from redis.cluster import RedisCluster
from redis.exceptions import NoPermissionError

from osmod.cli.checks.finding import Finding, error, note, ok, warning
from osmod.cli.errors import redis_sentence
from osmod.jobs.queue.scripts import ENQUEUE, EXCHANGE
from osmod.jobs.wire.cluster import ClusterClient
from osmod.jobs.wire.connection import client_from_url
from osmod.jobs.wire.links import Links
from osmod.jobs.wire.moving_routes import route_of
from osmod.redis_urls import redis_fault
from osmod.settings import Settings, masked

#: The first version with everything that the queue's scripts use.
OLDEST = (6, 2)
#: What is known of snapshots by one who may not ask.
FORBIDDEN = "forbidden"
_SOME_QUEUE = b"dramatiq:{default}:"
_NEARLY_FULL = 0.9


def check_redis(settings: Settings, *, ask_config: bool = True) -> Iterator[Finding]:
    """Whether it answers, and whether it keeps what is queued. A worker's user may not ask for CONFIG."""
    url = settings.redis_url
    if said := redis_fault(url):
        yield error(f"REDIS_URL={masked(url)} cannot be used: {said}")
        return
    try:
        with client_from_url(url) as client:
            masters = _masters(client)
            rights = list(_rights(client))
            snapshots = _snapshots(client) if ask_config else None
    except (redis.RedisError, OSError, ValueError) as problem:
        yield error(redis_sentence(problem, url))
        return
    for place, info in masters.items():
        yield from judge(info, place or url, snapshots)
    if snapshots is FORBIDDEN:
        yield note(
            "Redis does not tell this user whether it takes snapshots (it forbids config|get): "
            "docs/operations.md lists the rights of each program."
        )
    yield from rights


def _rights(client: Any) -> Iterator[Finding]:
    """What this user lacks to send jobs, and to work on them. Redis 6.2 cannot say."""
    links = Links(route_of(client))
    try:
        for script, finding, what in ((ENQUEUE, error, "send jobs"), (EXCHANGE, warning, "work on jobs")):
            if lacking := script.forbidden(links, _SOME_QUEUE):
                yield finding(
                    f"Redis does not let this user {what} (it forbids {', '.join(lacking)} on keys that begin with "
                    "dramatiq:): docs/operations.md lists the rights of each program."
                )
                return
    finally:
        links.close()


def _masters(client: Any) -> dict[str, dict[str, Any]]:
    """What INFO says on each master, by its address; '' for the one that is not of a Cluster."""
    if isinstance(client, ClusterClient):
        told: dict[str, Any] = client.info(target_nodes=RedisCluster.PRIMARIES)
        if "redis_version" in told:  # One master alone: redis-py leaves its address out.
            return {"": told}
        return {f"redis+cluster://{place}": info for place, info in told.items()}
    return {"": client.info()}


def _snapshots(client: Any) -> bool | str | None:
    """Whether the data are saved to disk now and then; `FORBIDDEN`, or None where nobody is told, as in the cloud."""
    if isinstance(client, ClusterClient):
        return None
    try:
        return bool(client.config_get("save").get("save"))
    except NoPermissionError:
        return FORBIDDEN
    except redis.ResponseError:
        return None


def judge(info: dict[str, Any], url: str, snapshots: bool | str | None = None) -> Iterator[Finding]:
    """What INFO says, and whether there are snapshots, where that is known."""
    name, version = _name(info), str(info["redis_version"])
    if tuple(map(int, version.split(".")[:2])) < OLDEST:
        yield error(f"{name} is too old: the queue needs Redis 6.2 or newer, or Valkey.")
    else:
        yield ok(f"{name} answers at {masked(url)}")
    if info.get("role") == "slave":
        yield error("it is a read-only replica: name its primary, or the Sentinels, in REDIS_URL.")
    if info.get("cluster_enabled") and "+cluster://" not in url:
        yield error(
            "it is a node of a Redis Cluster: write redis+cluster:// instead of redis:// in REDIS_URL."
        )
    yield from _replicas(info)
    yield from _persistence(info, snapshots)
    yield from _memory(info)


def _persistence(info: dict[str, Any], snapshots: bool | str | None) -> Iterator[Finding]:
    turn_on = "`redis-cli CONFIG SET appendonly yes`, and the same in its configuration file."
    if info.get("aof_enabled"):
        if info.get("aof_last_write_status", "ok") != "ok":
            yield error("the append-only file cannot be written: make room on Redis's disk.")
        elif info.get("aof_last_bgrewrite_status", "ok") != "ok":
            yield warning(
                "the append-only file could not be rewritten and grows: make room on Redis's disk, "
                "then `redis-cli BGREWRITEAOF`."
            )
        else:
            yield ok("append-only file on")
    elif snapshots is False:
        yield error(f"nothing is written to disk: all jobs are lost when Redis stops; {turn_on}")
    else:
        yield warning(
            "the append-only file is off: jobs queued since the last snapshot are lost when Redis stops; "
            f"{turn_on}"
        )
    if snapshots is not False and info.get("rdb_last_bgsave_status", "ok") != "ok":
        yield error(
            "the last snapshot failed, and Redis may refuse to take jobs: make room on its disk, "
            "then `redis-cli BGSAVE`."
        )


def _replicas(info: dict[str, Any]) -> Iterator[Finding]:
    if info.get("role") != "master":
        return
    if info.get("min_slaves_good_slaves") == 0:  # It is told only where some are asked for.
        yield error(
            "it takes no jobs, as it has no replica that is up to date and min-replicas-to-write asks for some: "
            "start the replicas, or see why they lag."
        )
    elif not info.get("connected_slaves"):
        return
    elif "min_slaves_good_slaves" not in info:
        yield warning(
            "min-replicas-to-write is 0: when a replica takes over, jobs acknowledged shortly before may be lost; "
            "set `min-replicas-to-write 1` and `min-replicas-max-lag 2`."
        )
    else:
        yield ok(f"takes nothing that no replica has ({info['min_slaves_good_slaves']} are up to date)")


def _memory(info: dict[str, Any]) -> Iterator[Finding]:
    policy, limit, used = info.get("maxmemory_policy"), info.get("maxmemory", 0), info.get("used_memory", 0)
    if policy == "noeviction":
        yield ok("nothing is evicted (noeviction)")
    elif limit:
        yield error(
            f"maxmemory-policy is {policy}: when memory runs out Redis throws queued jobs away; "
            "`redis-cli CONFIG SET maxmemory-policy noeviction`."
        )
    else:
        yield warning(
            f"maxmemory-policy is {policy}: with a memory limit Redis would throw queued jobs away; "
            "`redis-cli CONFIG SET maxmemory-policy noeviction`."
        )
    # Redis does not count, either, what it keeps for its replicas.
    share = (used - info.get("mem_not_counted_for_evict", 0)) / limit if limit else 0.0
    remedy = "raise maxmemory (`redis-cli CONFIG SET maxmemory …`), or make room (`osmod jobs delete --state failed`)."
    if share >= 1:
        yield error(f"memory is {share:.0%} full, so no job can be queued: {remedy}")
    elif share > _NEARLY_FULL:
        yield warning(f"memory is {share:.0%} full: no job can be queued when it is; {remedy}")


def _name(info: dict[str, Any]) -> str:
    if "valkey_version" in info:
        return f"Valkey {info['valkey_version']}"
    return f"Redis {info['redis_version']}"
