"""A body of lines (NDJSON), read bit by bit: no more of it is held than a batch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

#: Lines taken together, and the bytes after which no more are waited for.
BATCH = 500
BATCH_BYTES = 4 * 1024 * 1024
#: Bytes of a line.
LONGEST = 1024 * 1024
#: Seconds for which more lines are waited for, before those that are there are taken.
LINGER = 0.1


class Line(NamedTuple):
    """A line and its number, counted from 1. `data` is None where it was too long to be read."""

    number: int
    data: bytes | None


class Lines:
    """Cuts what is fed into lines. Of a line that is too long nothing is kept."""

    def __init__(self) -> None:
        self._number = 0
        self._rest = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> Iterator[Line]:
        """The lines that `data` ends, but for those that are blank."""
        *ended, rest = data.split(b"\n")
        for end in ended:
            self._add(end)
            yield from self.end()
        self._add(rest)

    def end(self) -> Iterator[Line]:
        """The line that has no end yet."""
        self._number += 1
        if self._skipping:
            yield Line(self._number, None)
        elif self._rest.strip():
            yield Line(self._number, bytes(self._rest))
        self._rest.clear()
        self._skipping = False

    def _add(self, data: bytes) -> None:
        if len(self._rest) + len(data) > LONGEST:
            self._skipping = True
            self._rest.clear()
        if not self._skipping:
            self._rest += data


async def batches(chunks: AsyncIterator[bytes]) -> AsyncIterator[list[Line]]:
    """The lines of a stream, some at a time: as many as are there, up to a batch. It fails as the stream does."""
    lines = Lines()
    waiting: list[Line] = []
    size = 0
    source = aiter(chunks)
    coming: asyncio.Future[bytes] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(source, _END))
            if waiting and not (await asyncio.wait({coming}, timeout=LINGER))[0]:
                yield waiting
                waiting, size = [], 0
            chunk = await coming
            coming = None
            if chunk is _END:
                break
            for line in lines.feed(chunk):
                waiting.append(line)
                size += len(line.data or b"")
                if len(waiting) >= BATCH or size >= BATCH_BYTES:
                    yield waiting
                    waiting, size = [], 0
        waiting += lines.end()
        if waiting:
            yield waiting
    finally:
        if coming is not None:
            coming.cancel()


#: No chunk of a stream: told apart by being this object.
_END = bytes(bytearray(b"the end"))
