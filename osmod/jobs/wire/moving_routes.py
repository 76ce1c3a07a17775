"""Routes to servers that may be replaced: behind Sentinels, and in a Cluster."""

from __future__ import annotations

import threading
import time
from typing import Any

import redis
from redis.cluster import RedisCluster

from osmod.jobs.wire.cluster import ClusterClient
from osmod.jobs.wire.route import Node, Route, said
from osmod.jobs.wire.sentinels import NoMasterNamed

#: Seconds for which a master is believed to be one without asking again: shorter than a failover takes, which
#: begins with the `down-after-milliseconds` of Sentinels or the `cluster-node-timeout`.
BELIEVED = 0.5
#: The same in a Cluster, whose answer takes longer to read.
BELIEVED_IN_CLUSTER = 1.0
#: Seconds after a server failed during which nothing is believed: it may be about to be replaced.
DOUBT = 10.0
#: The same while nobody who would know answers.
UNKNOWN = 5.0


class MovingRoute(Route):
    """To a server that may be replaced. Now and then those who know are asked who it is."""

    may_change = True
    believed = BELIEVED

    def __init__(self, pool: redis.ConnectionPool) -> None:
        super().__init__(pool)
        self._asking = threading.Lock()
        self._ask_at = 0.0
        self._suspect: Node = None
        self._doubt_until = 0.0
        #: Whether those who were asked last said where to go.
        self._told = False

    def stands(self, base: bytes, node: Node, silent: float) -> bool:
        """As above; a server that was silent for long, or that failed not long ago, is asked about.

        If nobody says anything, its answer counts for nothing: it may have been frozen while another took over.
        """
        if silent < self._believed():
            return True
        if silent > self.believed:
            self.failed(node)
        self._ask_at = 0.0
        return self.node(base) == node and self._told

    def failed(self, node: Node) -> None:
        """Ask before the next command, and ask others than the one that failed."""
        self._suspect, self._ask_at = node, 0.0
        self._doubt_until = time.monotonic() + DOUBT

    def forked(self) -> None:
        """Another thread of the parent may have held the lock."""
        self._asking = threading.Lock()

    def _ask_if_due(self) -> None:
        if time.monotonic() < self._ask_at:
            return
        # Whoever comes meanwhile waits for the answer: to go on could mean to send to the wrong server.
        with self._asking:
            if time.monotonic() < self._ask_at:
                return
            try:
                self._ask()
            except (redis.RedisError, OSError):
                # Not a reason to stop: the server itself may be well.
                self._told = False
                self._ask_at = time.monotonic() + (UNKNOWN if self._believed() else 0.0)
            else:
                self._told = True
                self._ask_at = time.monotonic() + self._believed()

    def _believed(self) -> float:
        return self.believed if time.monotonic() > self._doubt_until else 0.0

    def _ask(self) -> None:
        raise NotImplementedError


class SentinelRoute(MovingRoute):
    """To the master that the Sentinels name."""

    def node(self, base: bytes) -> Node:
        """The address of the master."""
        self._ask_if_due()
        master: Node = getattr(self._pool, "master_address", None)
        return master

    def node_of(self, connection: Any) -> Node:
        """The address that the connection was made to."""
        return connection.host, connection.port

    def _ask(self) -> None:
        try:
            self._pool.get_master_address()  # type: ignore[attr-defined]
        except NoMasterNamed:
            self.failed(self._suspect)
            raise

    def _look_at(self, connection: Any) -> None:
        if said(connection, "role") not in ("", "master"):
            raise redis.ConnectionError("the Sentinels name a master that has become a replica")


class ClusterRoute(MovingRoute):
    """To the master of the slot in which a queue lies."""

    apart = True
    believed = BELIEVED_IN_CLUSTER

    def __init__(self, client: ClusterClient) -> None:
        super().__init__(client.template)
        self._client = client
        self.timeout = client.answer_timeout

    def node(self, base: bytes) -> Node:
        """The master of the slot of the keys that begin with `base`."""
        self._ask_if_due()
        return self._client.master_of(base)

    def node_of(self, connection: Any) -> Node:
        """The address that the connection was made to."""
        return connection.host, connection.port

    def shelf(self, base: bytes) -> Node:
        """One for each server."""
        return self.node(base)

    def shelf_of(self, node: Node) -> Node:
        """One for each server."""
        return node

    def redirected(self, error: Any) -> None:
        """Follow a MOVED.

        An ASK is not followed: while a slot moves, a queue's keys lie partly here and partly there, and no
        script can see them all. It is waited for, as for any server that is away for a moment.
        """
        if error.code == "MOVED":
            self._client.moved(str(error))

    def forked(self) -> None:
        """What the parent's threads may have held is made anew."""
        super().forked()
        self._client.forget()

    def _ask(self) -> None:
        self._client.refresh(self._suspect)

    def _pool_of(self, node: Node) -> redis.ConnectionPool:
        return self._client.pool_of(node)

    def _look_at(self, connection: Any) -> None:
        """Nothing to look for: what it is was seen when the cluster was asked for its slots."""


def route_of(client: Any) -> Route:
    """The route to what a client leads to."""
    if isinstance(client, ClusterClient):
        return ClusterRoute(client)
    if isinstance(client, RedisCluster):
        raise ValueError(
            "a Redis Cluster is named by its URL: JobBroker(url='redis+cluster://host:port,host:port')"
        )
    pool = client.connection_pool
    return SentinelRoute(pool) if hasattr(pool, "master_address") else Route(pool)
