"""A master, its replicas and three sentinels: what a `redis+sentinel://` URL stands for, for tests to break."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.redis_servers import Server
from tests.waiting import until

NAME = "mymaster"
QUORUM = 2
#: Milliseconds of silence after which a sentinel takes a server to be down, and that a failover may take.
DOWN_AFTER, FAILOVER_TIMEOUT = 1000, 3000
#: Milliseconds between two signs of life of a sentinel, and between two looks at a server. By default, 2000 and
#: 10000. A master that was away and came back stays one for four of the first: only then do the sentinels make a
#: replica of it.
PUBLISH_PERIOD, INFO_PERIOD = 500, 500
#: Seconds that agreement may take.
PATIENCE = 20.0


class SentinelSet:
    """One master, some replicas, three sentinels.

    `options` are those of master and replicas. Each server has its own configuration file, so that one that is
    started again is what it last was.
    """

    def __init__(
        self, binary: str, *options: str, replicas: int = 2, publish_period: int = PUBLISH_PERIOD
    ) -> None:
        # Replicas need not wait for each other.
        options += ("--repl-diskless-sync-delay", "0")
        first = Server(binary, *options, config="")
        config = f"replicaof 127.0.0.1 {first.port}\n"
        self.servers = [first, *(Server(binary, *options, config=config) for _ in range(replicas))]
        self.sentinels = [Server(binary, "--sentinel", config=_watch(first.port)) for _ in range(3)]
        self._publish_period = publish_period

    @property
    def url(self) -> str:
        """How to reach the master, whichever it is."""
        return f"redis+sentinel://{','.join(f'127.0.0.1:{one.port}' for one in self.sentinels)}/{NAME}"

    @property
    def nodes(self) -> list[Server]:
        """Everything that runs: master, replicas and sentinels."""
        return [*self.servers, *self.sentinels]

    @property
    def master(self) -> Server:
        """The server that the sentinels call master, waited for until a majority agrees on one."""
        return until(self._agreed, PATIENCE, "the sentinels agree on a master")

    @property
    def replicas(self) -> list[Server]:
        """All other servers, running or not."""
        master = self.master
        return [server for server in self.servers if server is not master]

    def start(self) -> None:
        """Start everything and wait until it is ready."""
        for node in self.nodes:
            node.start()
        for sentinel in self.sentinels:
            self._hasten(sentinel)
        self.await_ready()

    @property
    def pids(self) -> set[int]:
        """The processes that run."""
        return {node.pid for node in self.nodes if node.pid is not None}

    def await_ready(self) -> None:
        """Wait until every server is up, every replica follows the master, and the sentinels know it all."""
        until(self._ready, PATIENCE, "master, replicas and sentinels are in agreement", every=0.05)

    def heal(self) -> None:
        """Wake whatever was killed or frozen, and wait until all is well."""
        for node in self.nodes:
            asleep = not node.awake
            node.wake()
            if asleep and node in self.sentinels:
                self._hasten(node)
        self.await_ready()

    def configure(self, **settings: object) -> None:
        """Set options of master and replicas, `_` for `-`. A restart keeps them."""
        for server in self.servers:
            for name, value in settings.items():
                server.ask("CONFIG SET", name.replace("_", "-"), value)
            server.ask("CONFIG REWRITE")

    def fail_over(self, by: str = "freeze") -> Server:
        """Have another server become master, and wait until it is. Returns the old one, as it was left.

        Parameters:
          by: `freeze` or `kill` the master, or `command` (SENTINEL FAILOVER) while it is well.
        """
        old = self.master
        if by == "command":
            self.sentinels[0].ask("SENTINEL FAILOVER", NAME)
        else:
            getattr(old, by)()
        self.await_other_master(old)
        return old

    def forget(self) -> None:
        """Have the sentinels start anew with nothing but the master's address, as containers without a disk do."""
        port = self.master.port
        for sentinel in self.sentinels:
            sentinel.kill()
            Path(sentinel.folder, "server.conf").write_text(_watch(port))
        self.heal()

    def await_other_master(self, old: Server) -> Server:
        """Wait until the sentinels call another server than `old` master, and it is. Returns it."""

        def other() -> Server | None:
            named = self._agreed()
            return named if named not in (None, old) and _role(named) == "master" else None

        return until(other, PATIENCE, "another master", every=0.02)

    def close(self) -> None:
        """End everything and delete its data."""
        for node in self.nodes:
            node.close()

    def _hasten(self, sentinel: Server) -> None:
        periods = ("publish-period", self._publish_period, "info-period", INFO_PERIOD)
        sentinel.ask("SENTINEL DEBUG", *periods)

    def _agreed(self) -> Server | None:
        named = Counter(
            sentinel.ask("SENTINEL GET-MASTER-ADDR-BY-NAME", NAME)[1]
            for sentinel in self.sentinels
            if sentinel.awake
        )
        port, count = named.most_common(1)[0]
        return next(one for one in self.servers if one.port == int(port)) if count >= QUORUM else None

    def _ready(self) -> bool:
        master = self._agreed()
        if master is None or not all(node.awake for node in self.nodes) or _role(master) != "master":
            return False
        replicas = [one for one in self.servers if one is not master]
        return (
            all(replica.follows(master) for replica in replicas)
            and all(self._knows(sentinel, master) for sentinel in self.sentinels)
            and master.replicates(len(replicas), "ready")
        )

    def _knows(self, sentinel: Server, master: Server) -> bool:
        answer = sentinel.ask("SENTINEL MASTER", NAME)
        seen: dict[str, str] = answer if isinstance(answer, dict) else _pairs(answer)
        ports = [_pairs(one)["port"] for one in sentinel.ask("SENTINEL REPLICAS", NAME)]
        return (
            int(seen["port"]) == master.port
            and seen["flags"] == "master"
            and int(seen["num-other-sentinels"]) == len(self.sentinels) - 1
            and {int(port) for port in ports} == {one.port for one in self.servers} - {master.port}
        )


@contextmanager
def running(binary: str, *options: str, **parameters: int) -> Iterator[SentinelSet]:
    """A started set, for the length of a `with`."""
    sentinels = SentinelSet(binary, *options, **parameters)
    try:
        sentinels.start()
        yield sentinels
    finally:
        sentinels.close()


def _watch(port: int) -> str:
    return (
        f"sentinel monitor {NAME} 127.0.0.1 {port} {QUORUM}\n"
        f"sentinel down-after-milliseconds {NAME} {DOWN_AFTER}\n"
        f"sentinel failover-timeout {NAME} {FAILOVER_TIMEOUT}\n"
    )


def _pairs(flat: list[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _role(server: Server) -> str:
    return str(server.ask("ROLE")[0])
