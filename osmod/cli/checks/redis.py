"""The Redis that holds the queue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import redis
from redis.cluster import RedisCluster

from osmod.cli.checks.finding import Finding, error, ok, warning
from osmod.cli.errors import redis_sentence
from osmod.jobs.queue.scripts import ENQUEUE, EXCHANGE
from osmod.jobs.wire.cluster import ClusterClient
from osmod.jobs.wire.connection import client_from_url
from osmod.jobs.wire.links import Links
from osmod.jobs.wire.moving_routes import route_of
from osmod.settings import Settings, masked, redis_problem

#: The first version with everything that the queue's scripts use.
OLDEST = (6, 2)
_SOME_QUEUE = b"dramatiq:{default}:"
_NEARLY_FULL = 0.9


def check_redis(settings: Settings) -> Iterator[Finding]:
    """Whether it answers, and whether it keeps what is queued."""
    url = settings.redis_url
    if said := redis_problem(url):
        yield error(said)
        return
    try:
        with client_from_url(url) as client:
            masters = _masters(client)
            rights = list(_rights(client))
    except (redis.RedisError, OSError, ValueError) as problem:
        yield error(redis_sentence(problem, url))
        return
    for place, info in masters.items():
        yield from judge(info, place or url)
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


def judge(info: dict[str, Any], url: str) -> Iterator[Finding]:
    """What INFO says. Nothing else is asked: hosted Redis often forbids CONFIG."""
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
    yield from _persistence(info)
    yield from _memory(info)


def _persistence(info: dict[str, Any]) -> Iterator[Finding]:
    if not info.get("aof_enabled"):
        yield warning(
            "the append-only file is off: jobs queued since the last snapshot are lost when Redis stops; "
            "set `appendonly yes`."
        )
    elif info.get("aof_last_write_status", "ok") != "ok":
        yield error("the append-only file cannot be written: make room on Redis's disk.")
    else:
        yield ok("append-only file on")


def _replicas(info: dict[str, Any]) -> Iterator[Finding]:
    if not info.get("connected_slaves") or info.get("role") != "master":
        return
    if "min_slaves_good_slaves" not in info:
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
            "set `maxmemory-policy noeviction`."
        )
    else:
        yield warning(
            f"maxmemory-policy is {policy}: with a memory limit Redis would throw queued jobs away; "
            "set `maxmemory-policy noeviction`."
        )
    if limit and used > _NEARLY_FULL * limit:
        yield warning(f"memory is {used / limit:.0%} full: no job can be queued when it is; raise maxmemory.")


def _name(info: dict[str, Any]) -> str:
    if "valkey_version" in info:
        return f"Valkey {info['valkey_version']}"
    return f"Redis {info['redis_version']}"
