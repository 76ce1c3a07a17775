"""From a URL to Redis: clients, with every wait bounded.

`redis://`, `rediss://` and `unix://` are redis-py's, ACL user names included. A master behind Sentinel is
`redis+sentinel://[user:password@]host:port,host:port/master-name[/db]` (`rediss+sentinel://` with TLS to the
master and the sentinels); `?sentinel_username=…&sentinel_password=…` are for the sentinels themselves.
"""

from __future__ import annotations

import socket
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

#: Seconds to wait for a connection, and for an answer of Redis. Shorter than any lease.
CONNECT_TIMEOUT = 2.0
ANSWER_TIMEOUT = 5.0

_SENTINEL_SCHEMES = {"redis+sentinel", "rediss+sentinel"}


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


def client_from_url(url: str) -> redis.Redis:
    """A client for a URL. Nothing is connected yet.

    Raises:
      ValueError: the scheme is unknown, or a Sentinel URL names no sentinels or no master.
    """
    scheme = urlsplit(url).scheme
    if scheme in _SENTINEL_SCHEMES:
        return _sentinel_client(url)
    pool = redis.ConnectionPool.from_url(url, **bounded({}, tcp=scheme != "unix"))
    return redis.Redis(connection_pool=pool)


def _sentinel_client(url: str) -> redis.Redis:
    parts = urlsplit(url)
    credentials, _, hosts = parts.netloc.rpartition("@")
    username, _, password = credentials.partition(":")
    path = [part for part in parts.path.split("/") if part]
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
    sentinels = Sentinel(  # type: ignore[no-untyped-call]
        [_host_port(host) for host in hosts.split(",")],
        sentinel_kwargs=bounded({"socket_timeout": CONNECT_TIMEOUT, **sentinel_options, **tls}),
    )
    try:
        database = int(path[1]) if len(path) > 1 else int(query.pop("db", 0))
        timeouts = {name: float(query.pop(name)) for name in list(query) if name.endswith("_timeout")}
    except ValueError as error:
        raise ValueError(f"{parts.scheme} URL: database and timeouts must be numbers ({error})") from None
    client: redis.Redis = sentinels.master_for(  # type: ignore[no-untyped-call]
        unquote(path[0]),
        **bounded({"db": database, **timeouts, **query, **tls}),
        username=unquote(username) or None,
        password=unquote(password) or None,
    )
    return client


def _host_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host:
        return text.strip("[]"), 26379
    if not port.isdigit():
        raise ValueError(f"sentinel {text!r}: expected host:port")
    return host.strip("[]"), int(port)
