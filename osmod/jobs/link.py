"""One connection of our own: a script goes out, its answer comes back, with as little as possible between.

redis-py opens the connection (TLS, ACL, Sentinel, the handshake); from then on bytes are ours. Its command
path costs about 40 µs a call, a third of what sending a job may cost in all.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

#: Seconds for which an eager link looks for an answer without sleeping.
GLANCE = 0.00015
#: Looks in vain before a link gives up looking, and calls between two tries after that.
LUCK, RETRY_GLANCE = 16, 64

#: What an answer can be: RESP's types, errors raised.
Reply = Any


class ServerError(redis.ResponseError):
    """Redis answered with an error; `code` is its first word, such as READONLY, OOM or NOSCRIPT."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.code = text.partition(" ")[0]


#: Answers that pass by themselves. All of them mean that the script did not run.
PASSING = frozenset(
    {"LOADING", "READONLY", "OOM", "MASTERDOWN", "BUSY", "TRYAGAIN", "CLUSTERDOWN", "MISCONF", "NOREPLICAS"}
    | {"UNBLOCKED"}
)
#: After these the connection is to the wrong server: open a new one.
_WRONG_SERVER = frozenset({"READONLY", "MASTERDOWN", "LOADING", "UNBLOCKED"})

#: Every way in which Redis can be away for a while.
OUTAGES = (redis.ConnectionError, redis.TimeoutError, OSError)


def passes(error: BaseException) -> bool:
    """Whether an error is one of Redis being away or not ready: worth another try later."""
    if isinstance(error, ServerError):
        return error.code in PASSING or "max number of clients" in str(error)
    if isinstance(error, redis.ResponseError):
        return str(error).partition(" ")[0] in PASSING
    return isinstance(error, OUTAGES)


def pack(arguments: Iterable[bytes]) -> bytes:
    """Arguments as RESP bulk strings, without the array's head."""
    return b"".join([b"$%d\r\n%b\r\n" % (len(argument), argument) for argument in arguments])


class Link:
    """A connection used by one thread at a time. It opens itself when used and closes itself on any error."""

    def __init__(self, pool: redis.ConnectionPool, most: float | None = None, eager: bool = False) -> None:
        self._pool = pool
        #: Whether to look for an answer a few times before going to sleep over it; see `_glance`.
        self.eager = eager
        self._luck = LUCK
        self._connection: Any = None
        self._socket: socket.socket | None = None
        self._buffer = b""
        self._at = 0
        #: Seconds to wait for an answer; None waits for ever.
        self.timeout: float | None = pool.connection_kwargs.get("socket_timeout", 5.0)
        if most is not None:
            self.timeout = min(self.timeout or most, most)

    def call(self, command: bytes, meanwhile: Callable[[], object] | None = None) -> Reply:
        """Send one packed command and wait for its answer; `meanwhile` is called before the waiting begins.

        Raises:
          ServerError: Redis answered with an error.
          redis.ConnectionError, redis.TimeoutError, OSError: no answer; the command may have run.
        """
        self.send(command)
        if meanwhile is not None:
            try:
                meanwhile()
            except BaseException:
                self.close()
                raise
        return self.receive()

    def send(self, command: bytes) -> None:
        """Send one packed command. Its answer is fetched by `receive`."""
        if self._socket is None:
            self._open()
        try:
            self._socket.sendall(command)  # type: ignore[union-attr]
        except BaseException:
            self.close()
            raise

    def receive(self) -> Reply:
        """The answer to the oldest command sent."""
        try:
            reply = self._read()
            while isinstance(reply, _Push):
                reply = self._read()
        except BaseException:
            self.close()
            raise
        if self._at == len(self._buffer):
            self._buffer, self._at = b"", 0
        if isinstance(reply, ServerError):
            if reply.code in _WRONG_SERVER:
                self.close()
            raise reply
        return reply

    def readable(self, seconds: float) -> bool:
        """Wait until an answer has begun to arrive, at most so long."""
        if self._at < len(self._buffer):
            return True
        if self._socket is None:
            return True
        if getattr(self._socket, "pending", int)():
            return True
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def close(self) -> None:
        """Close the connection, if there is one. The next call opens a new one."""
        connection, self._connection, self._socket = self._connection, None, None
        self._buffer, self._at = b"", 0
        if connection is not None:
            connection.disconnect()

    def _open(self) -> None:
        parameters = {**self._pool.connection_kwargs, "socket_timeout": self.timeout}
        connection: Any = self._pool.connection_class(**parameters)
        connection.retry = Retry(NoBackoff(), 0)
        connection.connect()
        self._connection, self._socket = connection, connection._get_socket()
        self._socket.settimeout(self.timeout)

    def _fill(self) -> None:
        try:
            data = self._glance() if self.eager else None
            if data is None:
                data = self._socket.recv(65536)  # type: ignore[union-attr]
        except TimeoutError:
            raise redis.TimeoutError(f"Redis did not answer within {self.timeout} seconds") from None
        if not data:
            raise redis.ConnectionError("Redis closed the connection")
        self._buffer = self._buffer[self._at :] + data
        self._at = 0

    def _glance(self) -> bytes | None:
        """What has arrived within `GLANCE` seconds, looked for without sleeping; None if nothing has.

        A near server answers in less time than it takes to be put to sleep and woken again. Where it proves
        too far away for that, looking stops paying and is only tried now and then.
        """
        sock = self._socket
        self._luck -= 1
        if sock is None or hasattr(sock, "pending") or (self._luck < 0 and self._luck % RETRY_GLANCE):
            return None
        end = time.perf_counter() + GLANCE
        sock.settimeout(0)
        try:
            while time.perf_counter() < end:
                try:
                    data = sock.recv(65536)
                except BlockingIOError:
                    continue
                self._luck = LUCK
                return data
        finally:
            sock.settimeout(self.timeout)
        return None

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\r\n", self._at)) < 0:
            self._fill()
        line = self._buffer[self._at : end]
        self._at = end + 2
        return line

    def _read(self) -> Reply:
        line = self._line()
        kind, rest = line[:1], line[1:]
        if kind == b"$":
            size = int(rest)
            if size < 0:
                return None
            while len(self._buffer) - self._at < size + 2:
                self._fill()
            start, self._at = self._at, self._at + size + 2
            return self._buffer[start : start + size]
        if kind in b"*~>":
            count = int(rest)
            items = [self._read() for _ in range(count)] if count >= 0 else None
            return _Push() if kind == b">" else items
        if kind == b":":
            return int(rest)
        if kind == b"+":
            return rest
        if kind == b"-":
            return ServerError(rest.decode("utf-8", "replace"))
        if kind == b"_":
            return None
        raise redis.InvalidResponse(f"unexpected answer of Redis: {line[:40]!r}")


class _Push:
    """A message that Redis sent unasked (RESP3); nothing of ours subscribes to any."""


class Links:
    """Links at rest, for whichever thread needs one next. After a fork the child starts with none.

    `most` bounds in seconds how long an answer is waited for, where the pool's own timeout is longer; `eager`
    links look for it before they sleep.
    """

    def __init__(self, pool: redis.ConnectionPool, most: float | None = None, eager: bool = False) -> None:
        self._pool = pool
        self._most = most
        self._eager = eager
        self._idle: deque[Link] = deque()
        self._process = os.getpid()

    def call(self, command: bytes, meanwhile: Callable[[], object] | None = None) -> Reply:
        """`Link.call` on a link of the calling thread's own for so long."""
        if self._process != os.getpid():
            self._idle, self._process = deque(), os.getpid()
        try:
            link = self._idle.pop()
        except IndexError:
            link = Link(self._pool, self._most, self._eager)
        try:
            return link.call(command, meanwhile)
        finally:
            self._idle.append(link)

    def new(self) -> Link:
        """A link to keep; the caller closes it."""
        return Link(self._pool, self._most)

    def close(self) -> None:
        """Close the links at rest."""
        while self._idle:
            self._idle.pop().close()
