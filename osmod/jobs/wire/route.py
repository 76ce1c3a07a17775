"""Which server the commands on a queue's keys go to, and a connection to it."""

from __future__ import annotations

from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from osmod.jobs.errors import RedisUnusable
from osmod.jobs.wire.connection import CONNECT_TIMEOUT
from osmod.jobs.wire.refusals import explained, forbidden, place, user

#: A server, as the route tells it from others; None where there is only one.
Node = tuple[str, int] | None


class Route:
    """To one server, always the same."""

    #: Whether the server may be another one next time.
    may_change = False
    #: Whether queues may lie on different servers, so that no command may touch two of them.
    apart = False

    def __init__(self, pool: redis.ConnectionPool) -> None:
        self._pool = pool
        self._reached = False
        #: Seconds to wait for an answer.
        self.timeout: float | None = pool.connection_kwargs.get("socket_timeout", 5.0)
        #: The scripts, with the queues, that this user was found to have the rights for.
        self.permitted: set[tuple[str, bytes]] = set()

    def node(self, base: bytes) -> Node:
        """Where commands on keys that begin with `base` go now."""
        return None

    def node_of(self, connection: Any) -> Node:
        """Where a connection leads."""
        return None

    def shelf(self, base: bytes) -> Node:
        """What links at rest are sorted by: those of one shelf can stand in for each other."""
        return None

    def shelf_of(self, node: Node) -> Node:
        """The shelf of a link that leads there."""
        return None

    def connect(self, node: Node, timeout: float | None) -> Any:
        """A connection of redis-py's to `node`, made and ready; greetings are waited for so long at most.

        Raises:
          RedisUnusable: there is no use in trying again.
          redis.ConnectionError, redis.TimeoutError, OSError: it cannot be had now.
        """
        try:
            connection = self._open(self._pool_of(node), timeout)
        except Exception as error:
            known = explained(error, self._pool.connection_kwargs, reached=self._reached)
            if known is None:
                raise
            raise known from error
        self._reached = True
        return connection

    def stands(self, base: bytes, node: Node, silent: float) -> bool:
        """Whether a server that answered after so many seconds is still the one to ask."""
        return True

    def redirected(self, error: Any) -> None:
        """Take note of a MOVED or ASK."""
        raise not_alone(self._pool.connection_kwargs, str(error))

    def forbidden(self, said: str) -> RedisUnusable:
        """The error for a right that is missing. Once it is given, all rights are looked at anew."""
        self.permitted.clear()
        return RedisUnusable(forbidden(said, user(self._pool.connection_kwargs)))

    def failed(self, node: Node) -> None:
        """Take note that a server did not answer, or that it was the wrong one."""

    def forked(self) -> None:
        """This process is a child of the one that made the route."""

    def _pool_of(self, node: Node) -> redis.ConnectionPool:
        return self._pool

    def _open(self, pool: redis.ConnectionPool, timeout: float | None) -> Any:
        greeting = min(timeout or CONNECT_TIMEOUT, CONNECT_TIMEOUT)
        connection: Any = pool.connection_class(**{**pool.connection_kwargs, "socket_timeout": greeting})
        connection.retry = Retry(NoBackoff(), 0)
        try:
            connection.connect()
            self._look_at(connection)
        except BaseException:
            connection.disconnect()
            raise
        return connection

    def _look_at(self, connection: Any) -> None:
        if said(connection, "mode") == "sentinel":
            where = place(self._pool.connection_kwargs)
            raise RedisUnusable(
                f"what answers at {where} is a Sentinel: write redis+sentinel://{where}/mymaster in REDIS_URL, with "
                "the name of the master"
            )
        if said(connection, "mode") == "cluster":
            raise not_alone(self._pool.connection_kwargs)


def said(connection: Any, what: str) -> str:
    """What the server said of itself in its greeting; '' if it was not asked (RESP2)."""
    said = connection.handshake_metadata or {}
    value = said.get(what.encode(), said.get(what, b""))
    return value.decode() if isinstance(value, bytes) else str(value)


def not_alone(parameters: dict[str, Any], said: str = "") -> RedisUnusable:
    """The error for a node of a Cluster that was taken for a server of its own. `said` is its answer."""
    where = place(parameters)
    answer = f" ({said})" if said else ""
    return RedisUnusable(
        f"the Redis at {where} is a node of a Redis Cluster{answer}: write redis+cluster://{where} in REDIS_URL"
    )
