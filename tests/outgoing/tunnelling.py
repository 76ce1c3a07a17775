"""A proxy that makes tunnels, all of them to one port of this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tests.in_a_thread import in_a_thread


class Tunnelling:
    """A proxy. `asked`: the heads of the requests that it got."""

    def __init__(self, port: int) -> None:
        self.asked: list[bytes] = []
        self.url = ""
        self._port = port
        self._loop: asyncio.AbstractEventLoop
        self._stopped = asyncio.Event()

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve until `stop`."""
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready()
        await self._stopped.wait()
        server.close()

    def stop(self) -> None:
        """Close the server."""
        self._loop.call_soon_threadsafe(self._stopped.set)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append(await reader.readuntil(b"\r\n\r\n"))
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))


@contextmanager
def tunnelling(port: int) -> Iterator[Tunnelling]:
    """One that runs as long as the block does."""
    proxy = Tunnelling(port)
    with in_a_thread(proxy, "proxy"):
        yield proxy


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, asyncio.CancelledError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
    writer.close()
