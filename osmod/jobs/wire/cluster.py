"""redis-py's client of a Redis Cluster, as the queue needs it: made at its first use, and asked for places."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, Self

import redis
from redis.cluster import ClusterNode, RedisCluster
from redis.commands.core import Script
from redis.crc import key_slot
from redis.exceptions import MovedError, NoPermissionError, RedisClusterException

from osmod.jobs.errors import RedisUnusable
from osmod.jobs.wire.refusals import explained


class _Cluster(RedisCluster):
    """Its own errors are no `RedisError`s: everyone who waits out a Redis that is away would let them through."""

    def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        """As in redis-py, with its errors as `redis.ConnectionError`."""
        try:
            return super().execute_command(*args, **kwargs)  # type: ignore[no-untyped-call]
        except RedisClusterException as error:
            raise redis.ConnectionError(str(error)) from error


class ClusterClient:
    """Has all methods of `RedisCluster`, which connects as soon as it is made. This one waits until it is used.

    Parameters:
      nodes: addresses of some of the cluster's nodes; the others are learnt from them.
      answer_timeout: seconds that the queue's own connections wait for an answer.
      parameters: those of redis-py's connections.
    """

    def __init__(self, nodes: Iterable[tuple[str, int]], *, answer_timeout: float, **parameters: Any) -> None:
        self.answer_timeout = answer_timeout
        self._nodes = list(nodes)
        self._parameters = parameters
        self._lock = threading.Lock()
        self._client: _Cluster | None = None
        self._slots: dict[bytes, int] = {}
        host, port = self._nodes[0]
        kind = redis.SSLConnection if parameters.get("ssl") else redis.Connection
        others = {name: value for name, value in parameters.items() if name != "ssl"}
        #: How its connections are made; leads to the first node named.
        self.template = redis.ConnectionPool(kind, host=host, port=port, **others)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connected(), name)

    def register_script(self, script: str | bytes) -> Script:
        """As in redis-py, without connecting."""
        source = script.encode() if isinstance(script, str) else script
        return Script(self, source)  # type: ignore[arg-type]

    def connected(self) -> _Cluster:
        """The client itself.

        Raises:
          RedisUnusable: what answers is no cluster, has no slots yet, or refuses the login.
          redis.ConnectionError: none of the nodes answers.
        """
        with self._lock:
            if self._client is None:
                nodes = [ClusterNode(host, port) for host, port in self._nodes]  # type: ignore[no-untyped-call]
                try:
                    self._client = _Cluster(
                        startup_nodes=nodes, require_full_coverage=False, **self._parameters
                    )
                except (NoPermissionError, RedisClusterException, IndexError) as error:
                    raise self._understood(error) from error
            return self._client

    def master_of(self, base: bytes) -> tuple[str, int]:
        """The address of the master that serves the keys that begin with `base`."""
        slot = self._slots.get(base)
        if slot is None:
            slot = self._slots[base] = key_slot(base)
        nodes = self.connected().nodes_manager.slots_cache.get(slot)
        if not nodes:
            raise redis.ConnectionError(f"no node of the cluster serves slot {slot} now")
        return nodes[0].host, nodes[0].port

    def pool_of(self, address: tuple[str, int] | None) -> redis.ConnectionPool:
        """How connections to a node are made."""
        client = self.connected()
        node = client.get_node(*address) if address else None  # type: ignore[no-untyped-call]
        if node is None:
            raise redis.ConnectionError(f"{address} is no node of the cluster any more")
        pool: redis.ConnectionPool = client.get_redis_connection(node).connection_pool
        return pool

    def moved(self, answer: str) -> None:
        """Take note of where a slot is, from the text of a MOVED."""
        self.connected().nodes_manager.move_slot(MovedError(answer.removeprefix("MOVED ")))

    def refresh(self, suspect: tuple[str, int] | None = None) -> None:
        """Ask which node serves which slots; one that is not trusted only if no other answers.

        Raises:
          redis.ConnectionError: none answers.
        """
        client = self.connected()
        name = f"{suspect[0]}:{suspect[1]}" if suspect else None
        try:
            client.nodes_manager.initialize(disconnect_startup_nodes_pools=False, last_failed_node_name=name)
        except (RedisClusterException, IndexError) as error:
            raise self._understood(error) from error

    def forget(self) -> None:
        """In a child process: what the parent's threads were using is left alone."""
        self._lock, self._client = threading.Lock(), None

    def close(self) -> None:
        """Disconnect."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _understood(
        self, error: redis.RedisError | RedisClusterException | IndexError
    ) -> redis.ConnectionError:
        where = ", ".join(f"{host}:{port}" for host, port in self._nodes)
        if isinstance(error, IndexError):  # redis-py takes the first of the nodes that serve a slot.
            if self._client is not None:
                return redis.ConnectionError("no node of the cluster serves any slot now")
            return RedisUnusable(
                f"the Redis Cluster at {where} has no slots yet: `redis-cli --cluster create` gives them to its nodes"
            )
        cause = error.__cause__ or error
        if known := explained(cause, self.template.connection_kwargs, reached=self._client is not None):
            return known
        if "Cluster mode is not enabled" in str(error):
            return RedisUnusable(
                f"the Redis at {where} is not a node of a Redis Cluster: write redis:// instead of "
                "redis+cluster:// in REDIS_URL"
            )
        return redis.ConnectionError(f"no node of the Redis Cluster answers at {where} ({cause})")
