"""What chaos is done to: one server, a master behind sentinels, a cluster. Each with the harms of its kind."""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random
from typing import ClassVar

from tests.chaos.proxy import Proxy
from tests.redis_clusters import ClusterSet
from tests.redis_sentinels import SentinelSet
from tests.redis_servers import Server, binaries

#: Milliseconds that a worker may show no sign of life.
LEASE = 2000
#: Under these a master acknowledges nothing unless a replica was there to get it a second ago.
REPLICATED = {"min_replicas_to_write": 1, "min_replicas_max_lag": 1}
#: What a replicated Redis keeps on disk, beside.
ON_DISK = ("--appendonly", "yes")

Harm = Callable[[], None]


class Target:
    """Servers, how to reach them, and what can be done to them.

    Attributes:
      name: as on the command line.
      queues: where jobs are sent to.
      in_force: what the servers are set to, that an acknowledged job is not lost.
      failovers: the moments at which a master was taken away or came back.
    """

    name: ClassVar[str]
    #: The harms that go on when they have been done, until all is to be quiet.
    lasting: ClassVar[frozenset[str]] = frozenset()
    queues: ClassVar[tuple[str, ...]] = ("default",)
    in_force: ClassVar[str]

    def __init__(self, random: Random) -> None:
        self.random = random
        self.failovers: list[float] = []
        self.binary = next(iter(binaries().values()))

    def url(self, pool: int = 0) -> str:
        """How the sender (0) and each pool of workers reaches it."""
        raise NotImplementedError

    def harms(self) -> list[Harm]:
        """What can be done to the servers and to the network. Each ends with all being well, or going on."""
        raise NotImplementedError

    def server_of(self, queue: str) -> Server:
        """The server that has a queue now."""
        raise NotImplementedError

    def start(self) -> None:
        """Start everything."""
        raise NotImplementedError

    def quiet(self) -> None:
        """End whatever goes on between the harms."""

    def close(self) -> None:
        """End everything and delete its data."""
        raise NotImplementedError

    def pause(self, least: float, most: float) -> None:
        """Wait for a random time, in seconds."""
        time.sleep(self.random.uniform(least, most))

    def note_failover(self) -> None:
        """Note that a master is taken away now, or comes back."""
        self.failovers.append(time.time())


class SingleTarget(Target):
    """One server with an append-only file synced on every write, before a proxy for one pool of workers."""

    name = "single"
    lasting = frozenset({"lose_answers"})
    in_force = "appendfsync always"

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self._server = Server(self.binary, "--appendonly", "yes", "--appendfsync", "always")

    def start(self) -> None:
        """Start server and proxy."""
        self._server.start()
        self._proxy = Proxy(self._server.port)

    def url(self, pool: int = 0) -> str:
        """The second pool goes through the proxy."""
        return self._proxy.url if pool else self._server.url

    def server_of(self, queue: str) -> Server:
        """The one there is."""
        return self._server

    def harms(self) -> list[Harm]:
        """To the server and to the proxy."""
        return [self.kill_server, self.freeze_server, self.lose_answers, self.reset_connections]

    def kill_server(self) -> None:
        """Kill it, and start it on its data."""
        self._server.kill()
        self.pause(0.0, 1.5)
        self._server.start()

    def freeze_server(self) -> None:
        """Freeze it for longer than a lease."""
        self._server.freeze()
        self.pause(LEASE / 1000 + 0.5, LEASE / 1000 + 1.5)
        self._server.thaw()

    def lose_answers(self) -> None:
        """Begin to. It goes on during the harms that follow."""
        self._proxy.lose_answers = 0.02

    def reset_connections(self) -> None:
        """Cut all connections of the second pool."""
        self._proxy.reset()

    def quiet(self) -> None:
        """Lose no more answers."""
        self._proxy.lose_answers = 0.0

    def close(self) -> None:
        """End server and proxy."""
        self._proxy.close()
        self._server.close()


class ReplicatedTarget(Target):
    """Masters with replicas, which are required to be there."""

    in_force = "min-replicas-to-write 1, min-replicas-max-lag 1, appendfsync everysec"
    _set: SentinelSet | ClusterSet

    def start(self) -> None:
        """Start everything, with replicas required."""
        self._set.start()
        self._set.configure(**REPLICATED)

    def url(self, pool: int = 0) -> str:
        """By all sentinels, or all nodes."""
        return self._set.url

    def close(self) -> None:
        """End everything."""
        self._set.close()

    def kill_master(self) -> None:
        """Have another one take over; then the old one is started on its data."""
        self._fail_over("kill")

    def freeze_master(self) -> None:
        """Have another one take over; then the old one goes on, and takes itself for the master."""
        self._fail_over("freeze")

    def freeze_master_briefly(self) -> None:
        """Freeze one for less than what makes the others take it to be down."""
        master = self.server_of(self._any_queue())
        master.freeze()
        self.pause(0.2, 0.6)
        master.thaw()
        self._set.await_ready()

    def _fail_over(self, by: str) -> None:
        self.note_failover()
        self._take_over(by)
        self.pause(0.0, 1.0)
        self.note_failover()
        self._set.heal()

    def _take_over(self, by: str) -> None:
        """End a master and wait until another one has taken over."""
        raise NotImplementedError

    def _any_queue(self) -> str:
        return self.random.choice(self.queues)


class SentinelTarget(ReplicatedTarget):
    """A master, two replicas, three sentinels."""

    name = "sentinel"
    _set: SentinelSet

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self._set = SentinelSet(self.binary, *ON_DISK)

    def server_of(self, queue: str) -> Server:
        """The master."""
        return self._set.master

    def harms(self) -> list[Harm]:
        """To masters and replicas."""
        return [self.kill_master, self.freeze_master, self.freeze_master_briefly, self.kill_replica]

    def kill_replica(self) -> None:
        """Kill one, and start it on its data."""
        replica = self.random.choice(self._set.replicas)
        replica.kill()
        self.pause(0.5, 2.0)
        self._set.heal()

    def _take_over(self, by: str) -> None:
        self._set.fail_over(by)


class ClusterTarget(ReplicatedTarget):
    """Three masters with a replica each. Two of the queues lie on each, and move."""

    name = "cluster"
    queues = ("default", "slow", "mail", "second", "urgent", "scores")
    _set: ClusterSet

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self._set = ClusterSet(self.binary, *ON_DISK)

    def server_of(self, queue: str) -> Server:
        """The master of its slot."""
        return self._set.master_of(f"{{{queue}}}")

    def harms(self) -> list[Harm]:
        """To masters and slots."""
        return [
            self.kill_master,
            self.freeze_master,
            self.freeze_master_briefly,
            self.hand_over,
            self.reshard,
        ]

    def hand_over(self) -> None:
        """Have a replica take over from a master that is well."""
        self._set.fail_over(f"{{{self._any_queue()}}}", "command")
        self._set.await_ready()

    def reshard(self) -> None:
        """Move a queue's slot to the next master, while it is worked on."""
        self._set.reshard(f"{{{self._any_queue()}}}")

    def _take_over(self, by: str) -> None:
        self._set.fail_over(f"{{{self._any_queue()}}}", by)


TARGETS: dict[str, type[Target]] = {kind.name: kind for kind in (SingleTarget, SentinelTarget, ClusterTarget)}
