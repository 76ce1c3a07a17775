"""aiohttp's connections, kept between requests."""

from __future__ import annotations

import select
import ssl
from functools import cache
from typing import Any
from weakref import WeakSet

import httpx
from aiohttp import ClientRequest, ClientTimeout, TCPConnector, ThreadedResolver
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from osmod.outgoing.addresses import PublicResolver

#: Seconds for which a connection is kept that nobody uses: less than after which servers hang up, such as Node's,
#: Apache and uvicorn, all of them after five. What is on its way then is lost, and nobody knows if it was done.
KEEP = 4.0


class Connector(TCPConnector):
    """Connections of one event loop, as many as are asked for. `private`: whether they may be to our own network.

    A kept one whose server has hung up, or spoken unasked, is not used again: aiohttp looks at what its loop has read,
    and takes what came unasked for the next answer.
    """

    def __init__(self, private: bool) -> None:
        resolver = ThreadedResolver() if private else PublicResolver()
        super().__init__(limit=0, keepalive_timeout=KEEP, resolver=resolver)
        self._used: WeakSet[ResponseHandler] = WeakSet()

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout) -> Connection:
        """A connection for one request."""
        connection = await super().connect(req, traces, timeout)
        while connection.protocol in self._used and not _is_silent(connection):
            connection.close()
            connection = await super().connect(req, traces, timeout)
        assert connection.protocol is not None  # a queue as well: false while it is empty
        self._used.add(connection.protocol)
        return connection

    def __del__(self, _warnings: Any = None) -> None:
        """Says nothing: connections last as long as their process, and in a fork they are its parent's to close."""


def _is_silent(connection: Connection) -> bool:
    """Whether nothing is there to be read, in the system's buffer neither."""
    if connection.transport is None or connection.protocol is None or connection.protocol.should_close:
        return False
    looking = select.poll()
    looking.register(connection.transport.get_extra_info("socket"), select.POLLIN)
    return not looking.poll(0)


@cache
def make_tls() -> ssl.SSLContext:
    """What trusts the certificates that this machine trusts. To read them takes as long as several requests."""
    trusting = httpx.create_ssl_context()
    trusting.set_alpn_protocols(["http/1.1"])
    return trusting
