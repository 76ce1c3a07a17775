"""A body of lines (NDJSON), read bit by bit: no more of it is held than a batch."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple

#: Lines taken together, and the bytes after which no more are waited for.
BATCH = 500
BATCH_BYTES = 4 * 1024 * 1024
#: Bytes of a line.
LONGEST = 1024 * 1024
#: Seconds for which a line waits for more, before those that are there are taken: also of a stream that never rests.
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


async def batches(chunks: AsyncIterator[bytes], stopping: asyncio.Event) -> AsyncIterator[list[Line]]:
    """The lines of a stream, some at a time: as many as are there, up to a batch. It fails as the stream does.

    Once `stopping` is set no more are waited for; a line that has no end yet is left out then.
    """
    lines = Lines()
    batch = _Batch()
    stopped: asyncio.Future[Any] = asyncio.ensure_future(stopping.wait())
    source = aiter(chunks)
    coming: asyncio.Future[Any] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(source, _END))
            await asyncio.wait(
                {coming, stopped}, timeout=batch.patience(), return_when=asyncio.FIRST_COMPLETED
            )
            chunk = b""
            if coming.done():
                chunk, coming = coming.result(), None
            if chunk is _END:
                break
            for line in lines.feed(chunk):
                batch.add(line)
                if batch.is_full():
                    yield batch.take()
            if batch.lines and (stopped.done() or batch.patience() == 0):
                yield batch.take()
            if stopped.done():
                return
        for line in lines.end():
            batch.add(line)
        if batch.lines:
            yield batch.take()
    finally:
        stopped.cancel()
        if coming is not None:
            coming.cancel()


class _Batch:
    """Lines that are taken together."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._size = 0
        self._began = 0.0

    def add(self, line: Line) -> None:
        if not self.lines:
            self._began = time.monotonic()
        self.lines.append(line)
        self._size += len(line.data or b"")

    def is_full(self) -> bool:
        return len(self.lines) >= BATCH or self._size >= BATCH_BYTES

    def patience(self) -> float | None:
        """Seconds for which the first of them may still wait for others; None if there is none."""
        return max(0.0, self._began + LINGER - time.monotonic()) if self.lines else None

    def take(self) -> list[Line]:
        taken, self.lines, self._size = self.lines, [], 0
        return taken


#: No chunk of a stream: told apart by being this object.
_END = bytes(bytearray(b"the end"))
