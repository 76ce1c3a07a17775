"""Three masters with a replica each: what a `redis+cluster://` URL stands for, for tests to break."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

import redis
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

from tests.ports import free_port
from tests.redis_servers import Server
from tests.waiting import until

#: Milliseconds of silence after which the nodes take one of them to be down.
NODE_TIMEOUT = 1000
#: Seconds that agreement may take.
PATIENCE = 20.0
#: Keys moved at a time while a slot moves, and seconds between two portions, so that commands come in between.
PORTION, PORTION_PAUSE = 2, 0.01
#: Masters, each with one replica.
SHARDS = 3


class ClusterSet:
    """Three masters with equal shares of the slots, and a replica of each. `options` are those of every node."""

    def __init__(self, binary: str, *options: str) -> None:
        self.nodes: list[Server] = []
        self._bus: dict[int, int] = {}
        for _ in range(2 * SHARDS):
            bus = free_port()
            node = Server(
                *(binary, "--cluster-enabled", "yes", "--cluster-port", str(bus)),
                *("--cluster-config-file", "nodes.conf", "--cluster-node-timeout", str(NODE_TIMEOUT)),
                *("--repl-diskless-sync-delay", "0", *options),
                config="",
            )
            self.nodes.append(node)
            self._bus[node.port] = bus

    @property
    def url(self) -> str:
        """How to reach it, through any node."""
        return f"redis+cluster://{','.join(f'127.0.0.1:{node.port}' for node in self.nodes)}"

    @property
    def masters(self) -> list[Server]:
        """The nodes that have slots, as the first of them that can be asked sees it."""
        owners = set(_owners(next(node for node in self.nodes if node.awake)).values())
        return [node for node in self.nodes if node.port in owners]

    def start(self) -> None:
        """Start the nodes, make a cluster of them and wait until it is ready."""
        for node in self.nodes:
            node.start()
        masters, replicas = self.nodes[:SHARDS], self.nodes[SHARDS:]
        size = -(-REDIS_CLUSTER_HASH_SLOTS // SHARDS)
        for number, master in enumerate(masters):
            last = min((number + 1) * size, REDIS_CLUSTER_HASH_SLOTS) - 1
            master.ask("CLUSTER ADDSLOTSRANGE", number * size, last)
        for number, node in enumerate(self.nodes):
            node.ask("CLUSTER SET-CONFIG-EPOCH", number + 1)
        for one in self.nodes:
            for other in self.nodes:
                if one is not other:
                    one.ask("CLUSTER MEET", "127.0.0.1", other.port, self._bus[other.port])
        for master, replica in zip(masters, replicas, strict=True):
            _until_accepted(replica, "CLUSTER REPLICATE", master.ask("CLUSTER MYID"))
        self.await_ready()

    @property
    def pids(self) -> set[int]:
        """The processes that run."""
        return {node.pid for node in self.nodes if node.pid is not None}

    def await_ready(self) -> None:
        """Wait until every node is up and knows the same masters, and every replica follows its own."""
        until(self._ready, PATIENCE, "the cluster is in agreement", every=0.05)

    def heal(self) -> None:
        """Wake whatever was killed or frozen and wait until all is well."""
        for node in self.nodes:
            node.wake()
        self.await_ready()

    def flush(self) -> None:
        """Delete all keys."""
        for master in self.masters:
            master.ask("FLUSHALL")

    def configure(self, **settings: object) -> None:
        """Set options of all nodes, `_` for `-`. A restart keeps them."""
        for node in self.nodes:
            for name, value in settings.items():
                node.ask("CONFIG SET", name.replace("_", "-"), value)
            node.ask("CONFIG REWRITE")

    def master_of(self, key: str | bytes) -> Server:
        """The master that has a key, waited for until a majority of the nodes names one."""
        return self.master_of_slot(key_slot(key.encode() if isinstance(key, str) else key))

    def master_of_slot(self, slot: int) -> Server:
        """The master that has a slot, likewise."""
        return until(lambda: self._named(slot), PATIENCE, f"the nodes agree on the master of slot {slot}")

    def replica_of(self, master: Server) -> Server:
        """A replica of a master that runs and follows it."""

        def found() -> Server | None:
            return next((node for node in self.nodes if node.awake and node.follows(master)), None)

        return until(found, PATIENCE, "a replica")

    def fail_over(self, key: str | bytes, by: str = "kill") -> Server:
        """Have the replica of the master that has `key` take over, and wait until it has. Returns the old one.

        Parameters:
          by: `freeze` or `kill` the master, or `command` (CLUSTER FAILOVER) while it is well.
        """
        old = self.master_of(key)
        if by == "command":
            self.replica_of(old).ask("CLUSTER FAILOVER")
        else:
            getattr(old, by)()
        until(lambda: self._taken_over(key, old), PATIENCE, "another master", every=0.02)
        return old

    def move_slot(
        self,
        slot: int,
        to: Server,
        portion: int = PORTION,
        between: Callable[[], object] = lambda: time.sleep(PORTION_PAUSE),
    ) -> None:
        """Move a slot with its keys to another master, as `redis-cli --cluster reshard` does, but slowly.

        `between` is called after each portion of so many keys: by default it pauses, so that commands come in
        while the slot is in two halves.
        """
        source = self.master_of_slot(slot)
        if source is to:
            return
        ids = {node.port: node.ask("CLUSTER MYID") for node in (source, to)}
        to.ask("CLUSTER SETSLOT", slot, "IMPORTING", ids[source.port])
        source.ask("CLUSTER SETSLOT", slot, "MIGRATING", ids[to.port])
        while keys := source.ask("CLUSTER GETKEYSINSLOT", slot, portion):
            source.ask("MIGRATE", "127.0.0.1", to.port, "", 0, 5000, "KEYS", *keys)
            between()
        for node in (to, source):
            node.ask("CLUSTER SETSLOT", slot, "NODE", ids[to.port])
        until(lambda: self._named(slot) is to, PATIENCE, "the nodes know of the move")

    def reshard(self, key: str | bytes, to: Server | None = None) -> Server:
        """Move the slot of a key to `to`, or to the next master. Returns the master that has it now."""
        slot = key_slot(key.encode() if isinstance(key, str) else key)
        owner = self.master_of_slot(slot)
        masters = self.masters
        to = to or masters[(masters.index(owner) + 1) % len(masters)]
        self.move_slot(slot, to)
        return to

    def close(self) -> None:
        """End everything and delete its data."""
        for node in self.nodes:
            node.close()

    def _named(self, slot: int) -> Server | None:
        views = [_owner(node, slot) for node in self.nodes if node.awake]
        port, votes = Counter(views).most_common(1)[0]
        return next((one for one in self.nodes if one.port == port), None) if 2 * votes > len(views) else None

    def _taken_over(self, key: str | bytes, old: Server) -> bool:
        new = self.master_of(key)
        return new is not old and new.awake and new.ask("ROLE")[0] == "master" and self._sound()

    def _ready(self) -> bool:
        if not all(node.awake for node in self.nodes):
            return False
        first, *others = [_owners(node) for node in self.nodes]
        masters = self.masters
        replicas = [node for node in self.nodes if node not in masters]
        return (
            all(view == first for view in others)
            and len(masters) == SHARDS
            and all(any(replica.follows(master) for master in masters) for replica in replicas)
            and self._sound()
            and all(master.replicates(1, _key_on(self.nodes[0], master)) for master in masters)
        )

    def _sound(self) -> bool:
        """Whether every node that can be asked says that all slots are served."""
        return all("cluster_state:ok" in node.ask("CLUSTER INFO") for node in self.nodes if node.awake)


@contextmanager
def running(binary: str, *options: str) -> Iterator[ClusterSet]:
    """A started cluster, for the length of a `with`."""
    cluster = ClusterSet(binary, *options)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.close()


def _until_accepted(node: Server, *command: object) -> None:
    """Repeat a command until the node knows enough of the others for it."""

    def accepted() -> bool:
        try:
            return bool(node.ask(*command) == "OK")
        except redis.ResponseError:
            return False

    until(accepted, PATIENCE, f"{command}", every=0.02)


def _owners(node: Server) -> dict[int, int]:
    """The first slot of each stretch, and the port of the master that has it, as a node sees it."""
    return {int(first): int(master[1]) for first, _, master, *_ in node.ask("CLUSTER SLOTS")}


def _owner(node: Server, slot: int) -> int | None:
    """The port of the master that has a slot, as a node sees it."""
    stretches = node.ask("CLUSTER SLOTS")
    return next((int(master[1]) for first, last, master, *_ in stretches if first <= slot <= last), None)


def _key_on(node: Server, master: Server) -> str:
    """A key that a master has, as a node sees it."""
    return next(key for key in map(str, count()) if _owner(node, key_slot(key.encode())) == master.port)
