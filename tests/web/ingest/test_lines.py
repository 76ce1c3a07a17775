"""A stream cut into lines, a batch at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from osmod.web.api.ingest.lines import BATCH, LONGEST, Line, Lines, batches


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
        async for batch in batches(stream()):
            found.append(batch)
            if len(found) == 2:  # the second came while the stream stood still
                go_on.set()
        return found

    found = asyncio.run(asyncio.wait_for(read(), 30))
    assert [BATCH, 1, 1] == [len(batch) for batch in found]
    assert [Line(BATCH + 2, b"b")] == found[-1]


def test_a_stream_that_breaks() -> None:
    """What it raises is raised, and what came before is taken."""

    async def stream() -> AsyncIterator[bytes]:
        yield b"a\n" * BATCH
        raise ConnectionError("gone")

    taken: list[Line] = []

    async def read() -> None:
        async for batch in batches(stream()):
            taken.extend(batch)

    with pytest.raises(ConnectionError, match="gone"):
        asyncio.run(read())
    assert BATCH == len(taken)
