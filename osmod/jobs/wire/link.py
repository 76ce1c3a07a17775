"""One connection of our own: a script goes out, its answer comes back, with as little as possible between.

redis-py opens the connection (TLS, ACL, Sentinel, the handshake); from then on bytes are ours. Its command
path costs about 40 µs a call, a third of what sending a job may cost in all.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from typing import Any

import redis

from osmod.jobs.errors import RedisUnusable
from osmod.jobs.wire.resp import PORTION, Reader, Reply, ServerError
from osmod.jobs.wire.route import Node, Route

#: Seconds for which an eager link looks for an answer without sleeping.
SPIN = 0.00015
#: Looks in vain before a link gives up looking, and calls between two tries after that.
SPINS_IN_VAIN, TRY_AGAIN = 16, 64
#: How often one call follows its queue to where that has moved.
REDIRECTS = 5

#: Answers that pass by themselves. All of them mean that the script did not run.
PASSING = frozenset(
    {"LOADING", "READONLY", "OOM", "MASTERDOWN", "BUSY", "TRYAGAIN", "CLUSTERDOWN", "MISCONF", "NOREPLICAS"}
    | {"UNBLOCKED", "MOVED", "ASK"}
)
#: After these the connection is to the wrong server: open a new one.
_WRONG_SERVER = frozenset({"READONLY", "MASTERDOWN", "LOADING", "UNBLOCKED", "CLUSTERDOWN", "NOREPLICAS"})
#: The same as redis-py raises them, which takes the first word out of what Redis said.
_PASSED_ON = (redis.ReadOnlyError, redis.OutOfMemoryError, redis.exceptions.ClusterDownError)
#: Every way in which Redis can be away for a while.
OUTAGES = (redis.ConnectionError, redis.TimeoutError, OSError)


def passes(error: BaseException) -> bool:
    """Whether an error is one of Redis being away or not ready: worth another try later."""
    if isinstance(error, RedisUnusable):
        return False
    if isinstance(error, ServerError):
        return error.code in PASSING or "max number of clients" in str(error)
    if isinstance(error, redis.ResponseError):
        return isinstance(error, _PASSED_ON) or str(error).partition(" ")[0] in PASSING
    return isinstance(error, OUTAGES)


def curable(error: BaseException) -> bool:
    """Whether the queue may work again without this process being restarted: it passes, or somebody mends it."""
    return passes(error) or isinstance(error, RedisUnusable)


class Link:
    """A connection used by one thread at a time. It opens itself when used and closes itself on any error.

    It asks its route at each use where the queue's commands go, and opens itself anew if that is elsewhere: a
    connection at rest may lead to a server that has been replaced and takes what nobody will ever read.
    """

    def __init__(self, route: Route, most: float | None = None, eager: bool = False) -> None:
        self.route = route
        #: Whether to look for an answer a few times before going to sleep over it; see `_spin`.
        self.eager = eager
        #: Where it leads, while it is open.
        self.node: Node = None
        self._spins_left = SPINS_IN_VAIN
        self._base = b""
        #: A command was sent whose answer has not been read.
        self._owed = False
        #: When it was known where to send that command, where that may change. Those who say so may be slow
        #: themselves, which says nothing of the server.
        self._routed_at = 0.0
        self._connection: Any = None
        self._socket: socket.socket | None = None
        self._reader = Reader(self._receive, self._receive_into)
        #: Seconds to wait for an answer; None waits for ever.
        self.timeout: float | None = route.timeout
        if most is not None:
            self.timeout = min(self.timeout or most, most)

    @property
    def is_open(self) -> bool:
        """Whether there is a connection."""
        return self._socket is not None

    def call(self, base: bytes, command: bytes, meanwhile: Callable[[], object] | None = None) -> Reply:
        """Send one packed command on keys that begin with `base` and wait for its answer.

        `meanwhile` is called before the waiting begins.

        Raises:
          ServerError: Redis answered with an error.
          redis.ConnectionError, redis.TimeoutError, OSError: no answer; the command may have run.
        """
        for _ in range(REDIRECTS):
            self.send(base, command)
            if meanwhile is not None:
                try:
                    meanwhile()
                except BaseException:
                    self.close()
                    raise
                meanwhile = None
            try:
                reply = self.receive()
            except ServerError as error:
                if error.code != "MOVED":
                    raise
                continue
            if self._routed_at:
                self._doubt(base, time.monotonic() - self._routed_at)
            return reply
        raise redis.ConnectionError("the queue's place in the cluster changes faster than it can be followed")

    def _doubt(self, base: bytes, seconds: float) -> None:
        """A server that was silent for long may have been replaced meanwhile, and not know it yet."""
        if not self.route.stands(base, self.node, seconds):
            self.close()
            raise redis.ConnectionError("the answer came from a server that has been replaced")

    def send(self, base: bytes, command: bytes) -> None:
        """Send one packed command. Its answer is fetched by `receive`."""
        node = self.route.node(base)
        if self.route.may_change:
            self._routed_at = time.monotonic()
        # Whoever asked before may have been interrupted before reading: that answer is not ours.
        if self._socket is None or self._owed or node != self.node:
            self._open(node)
        self._base, self._owed = base, True
        try:
            self._socket.sendall(command)  # type: ignore[union-attr]
        except BaseException as error:
            self._fail(error)
            raise

    def receive(self) -> Reply:
        """The answer to the oldest command sent."""
        try:
            if self._socket is None:
                raise redis.ConnectionError("Redis moved while its answer was waited for")
            reply = self._reader.read()
            self._owed = False
        except BaseException as error:
            self._fail(error)
            raise
        if reply.__class__ is ServerError:
            if reply.code in ("MOVED", "ASK"):
                self.route.redirected(reply)
            elif reply.code == "NOPERM":
                raise self.route.forbidden(str(reply))
            elif reply.code in _WRONG_SERVER:
                self._fail(redis.ConnectionError(str(reply)))
            raise reply
        return reply

    def readable(self, seconds: float) -> bool:
        """Wait until an answer has begun to arrive, at most so long. True, too, if there is none to come."""
        if self._reader.waiting() or self._socket is None:
            return True
        if getattr(self._socket, "pending", int)():
            return True
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        if poll.poll(seconds * 1000):
            return True
        if self.route.node(self._base) != self.node:
            self.close()
            return True
        return False

    def close(self) -> None:
        """Close the connection, if there is one. The next call opens a new one."""
        connection, self._connection, self._socket = self._connection, None, None
        self._owed = False
        self._reader.clear()
        if connection is not None:
            connection.disconnect()

    def _fail(self, error: BaseException) -> None:
        node = self.node
        self.close()
        if isinstance(error, OUTAGES):
            self.route.failed(node)

    def _open(self, node: Node) -> None:
        self.close()
        try:
            connection = self.route.connect(node, self.timeout)
        except OUTAGES:
            self.route.failed(node)
            raise
        self.node = self.route.node_of(connection)
        self._connection, self._socket = connection, connection._get_socket()
        self._socket.settimeout(self.timeout)

    def _receive(self) -> bytes:
        try:
            data = self._spin() if self.eager else None
            if data is None:
                data = self._socket.recv(PORTION)  # type: ignore[union-attr]
        except TimeoutError:
            raise self._silence() from None
        if not data:
            raise redis.ConnectionError("Redis closed the connection")
        return data

    def _receive_into(self, place: memoryview) -> int:
        try:
            count = self._socket.recv_into(place)  # type: ignore[union-attr]
        except TimeoutError:
            raise self._silence() from None
        if not count:
            raise redis.ConnectionError("Redis closed the connection")
        return count

    def _silence(self) -> redis.TimeoutError:
        return redis.TimeoutError(f"Redis did not answer within {self.timeout} seconds")

    def _spin(self) -> bytes | None:
        """What has arrived within `SPIN` seconds, looked for without sleeping; None if nothing has.

        A near server answers in less time than it takes to be put to sleep and woken again. Where it proves
        too far away for that, looking stops paying and is only tried now and then.
        """
        sock = self._socket
        self._spins_left -= 1
        if (
            sock is None
            or hasattr(sock, "pending")
            or (self._spins_left < 0 and self._spins_left % TRY_AGAIN)
        ):
            return None
        end = time.perf_counter() + SPIN
        sock.settimeout(0)
        try:
            while time.perf_counter() < end:
                try:
                    data = sock.recv(PORTION)
                except BlockingIOError:
                    continue
                self._spins_left = SPINS_IN_VAIN
                return data
        finally:
            sock.settimeout(self.timeout)
        return None
