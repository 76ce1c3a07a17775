"""Connections that are kept between requests.

Each is one of httpcore's, outside of its pools. A pool looks at every connection that it has, twice for each request:
with 100 in flight that takes 15 milliseconds of processor time a request, against half a one.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import urllib.request
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import cache, lru_cache

import httpcore
import httpx

from osmod.outgoing.addresses import resolve

#: Seconds for which a connection is kept that nobody uses.
KEEP = 30.0
#: Variables of the environment that name proxies, and what is reached without.
_NAMED_BY = [
    spelling
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "request_method")
    for spelling in (name, name.upper())
]


#: A proxy's is a pool of one: it knows how it is spoken to.
Connection = httpcore.AsyncHTTPConnection | httpcore.AsyncConnectionPool


class Connections:
    """Those of one event loop. `private`: whether hosts of our own network may be asked."""

    def __init__(self, private: bool) -> None:
        self._private = private
        self._backend = httpcore.AnyIOBackend() if private else _PublicOnly()
        #: For each origin and proxy: those that nobody uses, with the moment since when; the last used is last.
        self._idle: defaultdict[tuple[str, ...], deque[tuple[float, Connection]]] = defaultdict(deque)
        self._tidying: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def lend(self, url: httpx.URL) -> AsyncIterator[Connection]:
        """A connection for one request. One whose request failed is closed.

        Raises:
          AddressRefused: behind a proxy, where the name's addresses are known here and not public.
          ProxyError: the proxy of the environment cannot be used.
        """
        proxy = _proxy_for(url)
        if proxy and not self._private:
            await _check(url)
        place = url.scheme, url.host, str(url.port), proxy
        idle = self._idle[place]
        connection = await self._kept(idle) or self._new(url, proxy)
        try:
            yield connection
        except BaseException:
            await connection.aclose()
            raise
        # Looked up anew: in the meantime all may have been tidied away.
        self._idle[place].append((asyncio.get_running_loop().time(), connection))
        if self._tidying is None:
            self._tidying = asyncio.create_task(self._tidy())

    @staticmethod
    async def _kept(idle: deque[tuple[float, Connection]]) -> Connection | None:
        while idle:
            connection = idle.pop()[1]
            if isinstance(connection, httpcore.AsyncConnectionPool) or not (
                connection.is_closed() or connection.has_expired()  # the other side has hung up
            ):
                return connection
            await connection.aclose()
        return None

    def _new(self, url: httpx.URL, proxy: str) -> Connection:
        if not proxy:
            port = url.port or {"http": 80, "https": 443}[url.scheme]
            origin = httpcore.Origin(url.raw_scheme, url.raw_host, port)
            return httpcore.AsyncHTTPConnection(
                origin, make_tls(), keepalive_expiry=KEEP, network_backend=self._backend
            )
        # It may be on our own network: whoever set it up decides what it reaches.
        try:
            at = httpx.Proxy(proxy)
        except (ValueError, httpx.InvalidURL) as error:
            raise httpcore.ProxyError("its URL cannot be used") from error
        if at.url.scheme not in ("http", "https"):
            raise httpcore.ProxyError(
                f"it is of a kind that is not known here, {at.url.scheme}; use an HTTP proxy"
            )
        return httpcore.AsyncHTTPProxy(
            str(at.url), at.raw_auth, ssl_context=make_tls(), max_connections=1, keepalive_expiry=KEEP
        )

    async def _tidy(self) -> None:
        """Close what nobody has used for long, until nothing is left."""
        while any(self._idle.values()):
            await asyncio.sleep(KEEP)
            for idle in self._idle.values():
                while idle and idle[0][0] <= asyncio.get_running_loop().time() - KEEP:
                    await idle.popleft()[1].aclose()
        self._idle.clear()
        self._tidying = None


class _PublicOnly(httpcore.AsyncNetworkBackend):
    """Connects to the very address that was checked, so that a name cannot become another in between.

    TLS still asks for the name: that is httpcore's to check, above.
    """

    def __init__(self) -> None:
        self._sockets = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """The first of a name's addresses that accepts; each has its share of the time.

        Raises:
          AddressRefused: one of them is not public.
        """
        try:
            async with asyncio.timeout(timeout):
                addresses = await resolve(host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        share = timeout / len(addresses) if timeout else timeout
        for last, address in enumerate(addresses, 1 - len(addresses)):
            try:
                return await self._sockets.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if last == 0:
                    raise
        raise httpcore.ConnectError(f"{host} has no address")


def _proxy_for(url: httpx.URL) -> str:
    """The proxy that the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`) names; '' for none."""
    proxies = _proxies(tuple(map(os.environ.get, _NAMED_BY)))
    proxy = proxies.get(url.scheme) or proxies.get("all") or ""
    if not proxy or urllib.request.proxy_bypass(url.host):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


@lru_cache(maxsize=1)
def _proxies(named: tuple[str | None, ...]) -> dict[str, str]:
    """Those of an environment, which is looked through once for as long as it names the same."""
    return urllib.request.getproxies()


async def _check(url: httpx.URL) -> None:
    try:
        await resolve(url.host, url.port or 443)
    except OSError:
        return  # known to the proxy alone, which is the only one to connect


@cache
def make_tls() -> ssl.SSLContext:
    """What trusts the certificates that this machine trusts. To read them takes as long as several requests."""
    return httpx.create_ssl_context()
