"""Connections that are kept between requests.

Each is an httpcore pool of one. A single pool for all would look at every connection it has, twice for each request:
with 100 in flight that takes 15 milliseconds of processor time a request, against half a one.
"""

from __future__ import annotations

import asyncio
import ssl
import urllib.request
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import cache

import httpcore
import httpx

from osmod.outgoing.addresses import resolve

#: Seconds for which a connection is kept that nobody uses.
KEEP = 30.0


class Connections:
    """Those of one event loop. `private`: whether hosts of our own network may be asked."""

    def __init__(self, private: bool) -> None:
        self._private = private
        self._backend = httpcore.AnyIOBackend() if private else _PublicOnly()
        #: For each origin and proxy: those that nobody uses, with the moment since when; the last used is last.
        self._idle: defaultdict[tuple[str, ...], deque[tuple[float, httpcore.AsyncConnectionPool]]]
        self._idle = defaultdict(deque)
        self._tidying: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def lend(self, url: httpx.URL) -> AsyncIterator[httpcore.AsyncConnectionPool]:
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
        connection = idle.pop()[1] if idle else self._new(proxy)
        try:
            yield connection
        except BaseException:
            await connection.aclose()
            raise
        # Looked up anew: in the meantime all may have been tidied away.
        self._idle[place].append((asyncio.get_running_loop().time(), connection))
        if self._tidying is None:
            self._tidying = asyncio.create_task(self._tidy())

    def _new(self, proxy: str) -> httpcore.AsyncConnectionPool:
        if not proxy:
            return httpcore.AsyncConnectionPool(
                make_tls(), max_connections=1, keepalive_expiry=KEEP, network_backend=self._backend
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
    proxies = urllib.request.getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all") or ""
    if not proxy or urllib.request.proxy_bypass(url.host):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


async def _check(url: httpx.URL) -> None:
    try:
        await resolve(url.host, url.port or 443)
    except OSError:
        return  # known to the proxy alone, which is the only one to connect


@cache
def make_tls() -> ssl.SSLContext:
    """What trusts the certificates that this machine trusts. To read them takes as long as several requests."""
    return httpx.create_ssl_context()
