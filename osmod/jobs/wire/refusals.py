"""What is wrong with a Redis that refuses, in one sentence with the remedy."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import redis

from osmod.jobs.errors import RedisUnusable

#: The keys of a queue that stop a script if they are something else, and what each of them is.
KEY_TYPES = {
    **dict.fromkeys(("ready", "delayed", "active", "done", "failed", "cancelled", "cancelling"), "zset"),
    "meta": "hash",
    "wake": "list",
}
_LOGIN = re.compile(
    r"WRONGPASS|NOAUTH|invalid (username-)?password|without any password|Authentication required"
)
#: What is said of a Cluster some of whose slots have no master, by Redis, by redis-py and by `osmod.jobs.wire.cluster`.
_CLUSTER_DOWN = re.compile(
    "CLUSTERDOWN|cluster is down|not covered by the cluster|no node of the cluster serves"
)
_NO_TLS = re.compile("WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE|UNEXPECTED_EOF|handshake operation timed out")


def explained(error: BaseException, parameters: dict[str, Any], *, reached: bool) -> RedisUnusable | None:
    """The error to raise in place of one met while connecting; None if it says all itself, or may pass by itself.

    Parameters:
      parameters: those of redis-py's connection.
      reached: whether a connection was made before. What has worked is not misspelt, but away.
    """
    if isinstance(error, RedisUnusable):
        return None
    where = place(parameters)
    met = list(causes(error))
    texts = " ".join(map(str, met))
    if any(isinstance(one, redis.AuthenticationError) for one in met) or _LOGIN.search(texts):
        return RedisUnusable(
            f"Redis at {where} refuses the login of {user(parameters)} ({error}): "
            "correct user and password in REDIS_URL"
        )
    for one in met:
        if isinstance(one, redis.exceptions.NoPermissionError):
            return RedisUnusable(forbidden(str(one), user(parameters)))
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in met):
        return RedisUnusable(
            f"the certificate of the Redis at {where} is not trusted ({error}): name the authority's file with "
            "?ssl_ca_certs=/path/ca.pem in REDIS_URL"
        )
    if _NO_TLS.search(texts) and not reached:
        return RedisUnusable(
            f"the Redis at {where} does not answer in TLS, which rediss:// asks for: in REDIS_URL name its TLS "
            "port, or write redis:// if it speaks none"
        )
    path = parameters.get("path")
    if path and not reached and any(isinstance(one, FileNotFoundError) for one in met):
        return RedisUnusable(f"there is no socket {path}: start Redis, or correct the path in REDIS_URL")
    if path and any(isinstance(one, PermissionError) for one in met):
        return RedisUnusable(f"the socket {path} may not be used: give this user the right (unixsocketperm)")
    if "DB index is out of range" in texts:
        return RedisUnusable(
            f"Redis at {where} has no database {parameters.get('db')}: correct it in REDIS_URL"
        )
    return None


def place(parameters: dict[str, Any]) -> str:
    """Where a connection leads, without its password."""
    if "connection_pool" in parameters:  # That of a master behind Sentinels.
        pool = parameters["connection_pool"]
        name, address = f"master {pool.service_name!r}", getattr(pool, "master_address", None)
        return f"{address[0]}:{address[1]} ({name})" if address else name
    return str(parameters.get("path") or f"{parameters.get('host', '?')}:{parameters.get('port', '?')}")


def forbidden(said: str, who: str) -> str:
    """The sentence for a right that is missing. `said` is Redis's answer."""
    return (
        f"Redis does not allow {who} what the queue needs ({said}): "
        "docs/operations.md lists the rights of each program"
    )


def outage(error: BaseException, seconds: float | None = None) -> str:
    """The sentence for a Redis that is not to be had now, or was not for so many seconds."""
    said = str(error)
    since = "" if seconds is None else f" for {seconds:g} seconds"
    if isinstance(error, RedisUnusable):
        return said
    if sentence := cluster_away(said, since):
        return sentence
    if re.search(r"\bOOM\b", said) or isinstance(error, redis.OutOfMemoryError):
        return (
            f"Redis is full{since} and takes no more jobs ({said}): raise its maxmemory or let workers drain it; "
            "what is queued is safe"
        )
    if re.match("ASK|TRYAGAIN|MOVED", said):
        return f"its slot is being moved to another node of the Redis Cluster{since} ({said}): wait until that is done"
    if said.startswith("NOREPLICAS"):
        return (
            f"Redis has fewer replicas{since} than min-replicas-to-write asks for ({said}): start the replicas, or "
            "see why they lag"
        )
    if said.startswith("READONLY") or isinstance(error, redis.ReadOnlyError):
        return (
            f"Redis is a read-only replica{since} ({said}): name its primary, or the Sentinels, in REDIS_URL"
        )
    if said.startswith("MISCONF"):
        return f"Redis cannot write to its disk{since}, and takes no more jobs ({said}): make room there"
    if isinstance(error, redis.ResponseError):
        return f"Redis cannot do what the queue asks for{since} ({said})"
    verb = "does not answer" if seconds is None else "did not answer"
    return f"Redis {verb}{since} ({said}): start it (`osmod redis` runs one here) or name yours in REDIS_URL"


def cluster_away(said: str, since: str = "") -> str | None:
    """The sentence for a Cluster that does not work now, from what is said of it; None if that is something else."""
    if said.startswith("no node of the Redis Cluster answers"):
        return f"{said}{since}: start its nodes, or correct their addresses in REDIS_URL"
    if _CLUSTER_DOWN.search(said):
        return (
            f"the Redis Cluster is down{since} ({said}): start those of its nodes that are missing; "
            "`redis-cli --cluster check` names the slots that none serves"
        )
    return None


def wrong_type(base: str, fits: Callable[[str, str], bool]) -> str:
    """The sentence for a key of the queue that is not what the queue made it.

    Parameters:
      base: what the queue's keys begin with.
      fits: whether a key, if it is there, is of a type, named as by the command TYPE.
    """
    for name, expected in KEY_TYPES.items():
        if not fits(base + name, expected):
            return (
                f"the key {base}{name} is not the {expected} that the queue keeps there: another program writes "
                "to it; rename or delete it, or give the queue a namespace of its own"
            )
    return f"a key that begins with {base} is not what the queue made it: another program writes to it"


def too_long(size: int) -> str:
    """The sentence for a message, or whatever else a script is given, of so many bytes."""
    return (
        f"a message of {size} bytes is longer than Redis takes: send a reference instead of the data, or raise "
        "proto-max-bulk-len in Redis's configuration"
    )


def user(parameters: dict[str, Any]) -> str:
    """Who a connection logs in as."""
    return f"user {parameters.get('username') or 'default'!r}"


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those that it came of."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
