"""Connections that are kept between requests."""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict, deque
from functools import cache

import httpx

from osmod.outgoing.addresses import AddressRefused, resolve
from osmod.outgoing.connection import Bounds, Connection
from osmod.outgoing.no_answer import NoAnswer
from osmod.outgoing.proxies import Proxy, refused_by_proxy

#: Seconds for which a connection is kept that nobody uses.
KEEP = 30.0
#: Seconds between two addresses of one name that are tried, while the first is silent.
NEXT_ADDRESS = 0.25

#: Scheme, host and port, and the proxy by which they are reached.
Place = tuple[str, str, int | None, Proxy | None]


class Connections:
    """Those of one event loop. `private`: whether hosts of our own network may be asked."""

    def __init__(self, private: bool) -> None:
        self._private = private
        #: Those that nobody uses, with the moment since when; the last used is last.
        self._idle: defaultdict[Place, deque[tuple[float, Connection]]] = defaultdict(deque)
        self._tidying: asyncio.TimerHandle | None = None

    async def take(self, url: httpx.URL, proxy: Proxy | None, seconds: float) -> Connection:
        """A connection for one request; then it is given to `keep`, or aborted.

        Parameters:
          seconds: how long a new one may take.

        Raises:
          NoAnswer: `connect`, `timeout`, `tls`, or `address`: behind a proxy, as far as addresses are known here.
        """
        if proxy and not self._private:
            await _check(url)
        idle = self._idle[_place(url, proxy)]
        while idle:
            connection = idle.pop()[1]
            if connection.is_silent():
                return connection
            connection.abort()
        return await self._connect(url, proxy, seconds)

    def keep(self, url: httpx.URL, proxy: Proxy | None, connection: Connection) -> None:
        """Keep a connection for the next request, if it is good for one."""
        if not connection.is_open:
            connection.abort()
            return
        loop = asyncio.get_running_loop()
        self._idle[_place(url, proxy)].append((loop.time(), connection))
        if self._tidying is None:
            self._tidying = loop.call_later(KEEP, self._tidy)

    async def _connect(self, url: httpx.URL, proxy: Proxy | None, seconds: float) -> Connection:
        try:
            async with asyncio.timeout(seconds):
                if proxy:
                    return await _through(proxy, url, seconds)
                return await (_open(url) if self._private else _open_public(url, seconds))
        except TimeoutError:
            raise NoAnswer("timeout", f"did not accept a connection within {seconds:g} s") from None
        except ssl.SSLError as error:
            raise NoAnswer("tls", f"cannot be trusted: {error}") from error
        except OSError as error:
            raise NoAnswer("connect", f"is not reached: {error}") from error

    def _tidy(self) -> None:
        """Close what nobody has used for long; look again as long as there is something left."""
        loop = asyncio.get_running_loop()
        for idle in self._idle.values():
            while idle and idle[0][0] <= loop.time() - KEEP:
                idle.popleft()[1].close()
        self._idle = defaultdict(deque, {place: idle for place, idle in self._idle.items() if idle})
        self._tidying = loop.call_later(KEEP, self._tidy) if self._idle else None


def _place(url: httpx.URL, proxy: Proxy | None) -> Place:
    return url.scheme, url.host, url.port, proxy


async def _open(url: httpx.URL, address: str | None = None) -> Connection:
    """Connect to a host, by one of its addresses if that is given. TLS asks for its name in any case."""
    loop = asyncio.get_running_loop()
    name, tls = _name(url), make_tls() if url.scheme == "https" else None
    _, connection = await loop.create_connection(
        Connection,
        address or name,
        _port(url),
        ssl=tls,
        server_hostname=name if tls else None,
        happy_eyeballs_delay=NEXT_ADDRESS,
    )
    return connection


async def _open_public(url: httpx.URL, seconds: float) -> Connection:
    """Connect to the very address that was checked, so that a name cannot become another in between.

    It is the first of a name's addresses that accepts; each has its share of the time.
    """
    addresses = await _resolved(url)
    for last, address in enumerate(addresses, 1 - len(addresses)):
        try:
            async with asyncio.timeout(seconds / len(addresses)):
                return await _open(url, address)
        except OSError:  # TimeoutError, too
            if last == 0:
                raise
    raise OSError(f"{url.host} has no address")


async def _through(proxy: Proxy, url: httpx.URL, seconds: float) -> Connection:
    """Connect to a proxy; for https have it make a tunnel."""
    connection = await _open(proxy.url)
    if url.scheme == "http":
        return connection
    place = url.netloc.decode() if url.port else f"{url.netloc.decode()}:{_port(url)}"
    head = f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{proxy.login}\r\n"
    try:
        answer = await connection.ask(head.encode(), Bounds(seconds, head_alone=True))
        if not 200 <= answer.status < 300:
            raise refused_by_proxy(f"{answer.status} {answer.reason}")
        await connection.secure(make_tls(), _name(url))
    except BaseException:
        connection.abort()
        raise
    return connection


async def _check(url: httpx.URL) -> None:
    try:
        await _resolved(url)
    except OSError:
        return  # known to the proxy alone, which is the only one to connect


async def _resolved(url: httpx.URL) -> list[str]:
    try:
        return await resolve(_name(url), _port(url))
    except AddressRefused as error:
        raise NoAnswer("address", f"is not asked: {error}") from None


def _name(url: httpx.URL) -> str:
    """The host, as it is looked up."""
    return url.raw_host.decode("ascii")


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


@cache
def make_tls() -> ssl.SSLContext:
    """What trusts the certificates that this machine trusts. To read them takes as long as several requests."""
    trusting = httpx.create_ssl_context()
    trusting.set_alpn_protocols(["http/1.1"])
    return trusting
