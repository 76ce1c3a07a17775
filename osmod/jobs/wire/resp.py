"""Answers of Redis, read from a socket's bytes (RESP2 and what scripts give of RESP3).

Reading takes time in proportion to the bytes read: a long string is received into its own place instead of being
appended to what came before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import redis

#: Bytes asked for at a time, and the length from which a string is received into a place of its own.
PORTION = 65_536

#: What an answer can be: RESP's types, errors raised.
Reply = Any


class ServerError(redis.ResponseError):
    """Redis answered with an error; `code` is its first word, such as READONLY, OOM or NOSCRIPT."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.code = text.partition(" ")[0]


class Push:
    """A message that Redis sent unasked (RESP3); nothing of ours subscribes to any."""


def pack(arguments: Iterable[bytes]) -> bytes:
    """Arguments as RESP bulk strings, without the array's head."""
    return b"".join([b"$%d\r\n%b\r\n" % (len(argument), argument) for argument in arguments])


class Reader:
    """Takes answers from what a connection delivers.

    Parameters:
      receive: gives the next bytes, at least one; raises when there are none to come.
      receive_into: puts the next bytes into a buffer and gives their number; raises likewise.
    """

    def __init__(self, receive: Callable[[], bytes], receive_into: Callable[[memoryview], int]) -> None:
        self._receive = receive
        self._receive_into = receive_into
        self._buffer = b""
        self._at = 0

    def waiting(self) -> bool:
        """Whether bytes have been received that no answer took."""
        return self._at < len(self._buffer)

    def clear(self) -> None:
        """Forget what was received."""
        self._buffer, self._at = b"", 0

    def read(self) -> Reply:
        """The next answer; an error as an object, not raised."""
        reply = self._read()
        while reply.__class__ is Push:
            reply = self._read()
        if self._at == len(self._buffer):
            self.clear()
        return reply

    def _read(self) -> Reply:
        line = self._line()
        kind, rest = line[:1], line[1:]
        if kind == b"$":
            size = int(rest)
            return self._string(size) if size >= 0 else None
        if kind in b"*~>":
            count = int(rest)
            items = [self._read() for _ in range(count)] if count >= 0 else None
            return Push() if kind == b">" else items
        if kind == b":":
            return int(rest)
        if kind == b"+":
            return rest
        if kind == b"-":
            return ServerError(rest.decode("utf-8", "replace"))
        if kind == b"_":
            return None
        raise redis.InvalidResponse(f"unexpected answer of Redis: {line[:40]!r}")

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\r\n", self._at)) < 0:
            self._fill()
        line = self._buffer[self._at : end]
        self._at = end + 2
        return line

    def _string(self, size: int) -> bytes:
        if size + 2 - (len(self._buffer) - self._at) > PORTION:
            return self._long_string(size)
        while len(self._buffer) - self._at < size + 2:
            self._fill()
        start, self._at = self._at, self._at + size + 2
        return self._buffer[start : start + size]

    def _long_string(self, size: int) -> bytes:
        text = bytearray(size + 2)
        place = memoryview(text)
        received = len(self._buffer) - self._at
        place[:received] = self._buffer[self._at :]
        self.clear()
        while received < size + 2:
            received += self._receive_into(place[received:])
        return bytes(place[:size])

    def _fill(self) -> None:
        self._buffer = self._buffer[self._at :] + self._receive()
        self._at = 0
