"""A stream cut into lines, a batch at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from osmod.web.api.ingest.lines import BATCH, LINGER, LONGEST, Line, Lines, batches


@pytest.mark.parametrize(
    ("chunks", "lines"),
    [
        ([b"a\nb\n"], [(1, b"a"), (2, b"b")]),
        ([b"a\n", b"\n", b"b"], [(1, b"a"), (3, b"b")]),
        ([b"a", b"b\r", b"\nc"], [(1, b"ab\r"), (2, b"c")]),
        ([b"", b"\n"], []),
        ([b"x" * LONGEST, b"\na"], [(1, b"x" * LONGEST), (2, b"a")]),
        ([b"x" * LONGEST, b"x", b"x\na"], [(1, None), (2, b"a")]),
    ],
)
def test_lines(chunks: list[bytes], lines: list[tuple[int, bytes | None]]) -> None:
    """However they come; blank ones are counted only."""
    cut = Lines()
    found = [line for chunk in chunks for line in cut.feed(chunk)]
    assert lines == [tuple(line) for line in [*found, *cut.end()]]


def test_batches() -> None:
    """As many as are there, up to a batch; what has come is not kept waiting for what has not."""
    go_on = asyncio.Event()

    async def stream() -> AsyncIterator[bytes]:
        yield b"a\n" * (BATCH + 1)
        await go_on.wait()
        yield b"b"

    async def read() -> list[list[Line]]:
        found = []
        async for batch in batches(stream(), asyncio.Event()):
            found.append(batch)
            if len(found) == 2:  # the second came while the stream stood still
                go_on.set()
        return found

    found = asyncio.run(asyncio.wait_for(read(), 120))
    assert [BATCH, 1, 1] == [len(batch) for batch in found]
    assert [Line(BATCH + 2, b"b")] == found[-1]


def test_a_stream_that_breaks() -> None:
    """What it raises is raised, and what came before is taken."""

    async def stream() -> AsyncIterator[bytes]:
        yield b"a\n" * BATCH
        raise ConnectionError("gone")

    taken: list[Line] = []

    async def read() -> None:
        async for batch in batches(stream(), asyncio.Event()):
            taken.extend(batch)

    with pytest.raises(ConnectionError, match="gone"):
        asyncio.run(read())
    assert BATCH == len(taken)


@pytest.mark.timed
def test_a_stream_that_never_rests() -> None:
    """A line now and a line then are taken after a moment, not once they are a whole batch."""
    read_on = True

    async def stream() -> AsyncIterator[bytes]:
        while read_on:
            yield b"a\n"
            await asyncio.sleep(LINGER / 10)

    async def read() -> int:
        nonlocal read_on
        async for batch in batches(stream(), asyncio.Event()):
            read_on = False
            return len(batch)
        raise AssertionError("the stream has lines")

    assert BATCH > asyncio.run(asyncio.wait_for(read(), 120)) > 1


def test_a_stream_that_stands_still_as_the_server_stops() -> None:
    """It ends at once; the lines that have come are taken, and what is not yet one is not."""
    stopping = asyncio.Event()

    async def stream() -> AsyncIterator[bytes]:
        yield b"a\nb\nc"
        stopping.set()
        await asyncio.Event().wait()
        yield b"never"

    async def read() -> list[list[Line]]:
        return [batch async for batch in batches(stream(), stopping)]

    assert [[Line(1, b"a"), Line(2, b"b")]] == asyncio.run(asyncio.wait_for(read(), 120))
