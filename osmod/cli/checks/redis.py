"""The Redis that holds the queue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import redis

from osmod.cli.checks.finding import Finding, error, ok, warning
from osmod.cli.errors import masked, redis_sentence
from osmod.jobs.connection import client_from_url
from osmod.settings import Settings

OLDEST = (6, 2)
"""The first version with everything that the queue's scripts use."""
_NEARLY_FULL = 0.9


def check_redis(settings: Settings) -> Iterator[Finding]:
    """Whether it answers, and whether it keeps what is queued."""
    url = settings.redis_url
    try:
        with client_from_url(url) as client:
            info: dict[str, Any] = client.info()
    except (redis.RedisError, OSError, ValueError) as problem:
        yield error(redis_sentence(problem, url))
        return
    yield from judge(info, url)


def judge(info: dict[str, Any], url: str) -> Iterator[Finding]:
    """What INFO says. Nothing else is asked: hosted Redis often forbids CONFIG."""
    name, version = _name(info), str(info["redis_version"])
    if tuple(map(int, version.split(".")[:2])) < OLDEST:
        yield error(f"{name} is too old: the queue needs Redis 6.2 or newer, or Valkey.")
    else:
        yield ok(f"{name} answers at {masked(url)}")
    if info.get("role") == "slave":
        yield error("it is a read-only replica: name its primary, or the Sentinels, in REDIS_URL.")
    if info.get("cluster_enabled"):
        yield error("it is a Redis Cluster, which the queue's scripts cannot use: name a single Redis.")
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
