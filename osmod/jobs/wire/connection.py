"""From a URL to Redis: clients, with every wait bounded.

`redis://`, `rediss://` and `unix://` are redis-py's, ACL user names included. A master behind Sentinel is
`redis+sentinel://[user:password@]host:port,host:port/master-name[/db]` (`rediss+sentinel://` with TLS to the
master and the sentinels); `?sentinel_username=…&sentinel_password=…` are for the sentinels themselves.
A Redis Cluster is `redis+cluster://[user:password@]host:port,host:port` (`rediss+cluster://` with TLS), with
some of its nodes; the others are learnt from them.
"""

from __future__ import annotations

import re
import socket
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from osmod.jobs.wire.cluster import ClusterClient
from osmod.jobs.wire.sentinels import Sentinels

#: Seconds to wait for a connection, and for an answer of Redis. Shorter than any lease.
CONNECT_TIMEOUT = 2.0
ANSWER_TIMEOUT = 5.0
#: Seconds to wait for those who say where to go, Sentinels and the nodes of a Cluster: there are others to ask.
GUIDE_TIMEOUT = 1.0

_SENTINEL_SCHEMES = {"redis+sentinel", "rediss+sentinel"}
_CLUSTER_SCHEMES = {"redis+cluster", "rediss+cluster"}


def keepalive_options() -> dict[int, int]:
    """TCP keepalive: a peer that vanished without a word is noticed after 15 + 3 x 5 seconds."""
    wanted = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
    return {getattr(socket, name): value for name, value in wanted.items() if hasattr(socket, name)}


def bounded(parameters: dict[str, Any], *, tcp: bool = True) -> dict[str, Any]:
    """Connection parameters with our timeouts, and no retries of redis-py's own.

    A retry inside redis-py would replay a script without knowing that it had run; ours know.
    """
    defaults: dict[str, Any] = {
        "socket_timeout": ANSWER_TIMEOUT,
        "socket_connect_timeout": CONNECT_TIMEOUT,
        "retry": Retry(NoBackoff(), 0),
    }
    if tcp:
        defaults |= {"socket_keepalive": True, "socket_keepalive_options": keepalive_options()}
    else:
        del defaults["socket_connect_timeout"]
    return defaults | parameters


def client_from_url(url: str) -> Any:
    """A client for a URL: redis-py's, or for a Cluster a `ClusterClient`. Nothing is connected yet.

    Raises:
      ValueError: the scheme is unknown, the URL lacks what its scheme needs, or has an option that nobody knows.
    """
    scheme = urlsplit(url).scheme
    if scheme in _SENTINEL_SCHEMES:
        return _sentinel_client(url)
    if scheme in _CLUSTER_SCHEMES:
        return _cluster_client(url)
    pool = redis.ConnectionPool.from_url(url, **bounded({}, tcp=scheme != "unix"))
    try:
        pool.connection_class(**pool.connection_kwargs)  # Not connected yet.
    except (TypeError, redis.RedisError) as error:
        if unknown := re.search(r"unexpected keyword argument '(\w+)'", str(error)):
            tls = " (it goes with rediss://)" if unknown[1].startswith("ssl_") else ""
            raise ValueError(
                f"it has an option that nothing knows, {unknown[1]}{tls}: correct or remove it"
            ) from None
        raise ValueError(f"its options cannot be used ({error})") from None
    return redis.Redis(connection_pool=pool)


def _sentinel_client(url: str) -> redis.Redis:
    parts = urlsplit(url)
    path = [part for part in parts.path.split("/") if part]
    username, password, hosts = _authority(parts.netloc)
    if not hosts or not path:
        raise ValueError(
            f"{parts.scheme} URL needs sentinels and a master: {parts.scheme}://host:26379,host:26379/mymaster/0"
        )
    query = dict(parse_qsl(parts.query))
    sentinel_options = {
        name.removeprefix("sentinel_"): query.pop(name)
        for name in list(query)
        if name.startswith("sentinel_")
    }
    tls = {"ssl": True} if parts.scheme == "rediss+sentinel" else {}
    sentinels = Sentinels(
        [_host_port(host, 26379) for host in hosts.split(",")],
        sentinel_kwargs=bounded({"socket_timeout": GUIDE_TIMEOUT, **sentinel_options, **tls}),
    )
    database = _database(parts.scheme, path[1:], query)
    timeouts = _timeouts(parts.scheme, query)
    client: redis.Redis = sentinels.master_for(  # type: ignore[no-untyped-call]
        unquote(path[0]),
        **bounded({"db": database, **timeouts, **query, **tls}),
        username=username,
        password=password,
    )
    return client


def _cluster_client(url: str) -> ClusterClient:
    parts = urlsplit(url)
    username, password, hosts = _authority(parts.netloc)
    if not hosts:
        raise ValueError(f"{parts.scheme} URL needs nodes: {parts.scheme}://host:6379,host:6379")
    query = dict(parse_qsl(parts.query))
    if _database(parts.scheme, [part for part in parts.path.split("/") if part], query):
        raise ValueError(f"{parts.scheme} URL: a Redis Cluster has database 0 and no other")
    timeouts = _timeouts(parts.scheme, query)
    answer_timeout = timeouts.get("socket_timeout", ANSWER_TIMEOUT)
    parameters = bounded({"socket_timeout": GUIDE_TIMEOUT, **timeouts, **query})
    del parameters[
        "retry"
    ]  # Where a command goes is redis-py's to find out; it never replays scripts of ours.
    if parts.scheme == "rediss+cluster":
        parameters["ssl"] = True
    nodes = [_host_port(host, 6379) for host in hosts.split(",")]
    return ClusterClient(
        nodes, answer_timeout=answer_timeout, **parameters, username=username, password=password
    )


def _authority(netloc: str) -> tuple[str | None, str | None, str]:
    credentials, _, hosts = netloc.rpartition("@")
    username, _, password = credentials.partition(":")
    return unquote(username) or None, unquote(password) or None, hosts


def _database(scheme: str, path: list[str], query: dict[str, str]) -> int:
    text = path[0] if path else query.pop("db", "0")
    if not text.isdigit():
        raise ValueError(f"{scheme} URL: database and timeouts must be numbers, not {text!r}")
    return int(text)


def _timeouts(scheme: str, query: dict[str, str]) -> dict[str, float]:
    try:
        return {name: float(query.pop(name)) for name in list(query) if name.endswith("_timeout")}
    except ValueError as error:
        raise ValueError(f"{scheme} URL: database and timeouts must be numbers ({error})") from None


def _host_port(text: str, default: int) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host:
        return text.strip("[]"), default
    if not port.isdigit():
        raise ValueError(f"{text!r}: expected host:port")
    return host.strip("[]"), int(port)
