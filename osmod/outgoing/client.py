"""Posting to the outside world."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from time import monotonic

import httpx
from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    SocketTimeoutError,
)
from yarl import URL

from osmod.batching import Batcher
from osmod.loop import PerLoop
from osmod.outgoing.addresses import AddressRefused, PublicResolver, refuse_own
from osmod.outgoing.connector import Connector, make_tls
from osmod.outgoing.no_answer import NoAnswer, no_answer
from osmod.outgoing.proxies import Proxy, basic, proxy_for

#: Bytes. A longer answer is refused before it fills the memory.
MOST_BYTES = 4 * 1024 * 1024
#: A line of a request's head.
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t -~]*")
#: Bytes of one header of an answer, of which there are 128 at most.
MOST_LINE = 32 * 1024


@dataclass(frozen=True)
class Timeouts:
    """Seconds to connect, without a byte, and for all together. Well below a task's time limit."""

    connect: float = 5.0
    read: float = 30.0
    total: float = 60.0


@dataclass(frozen=True)
class Answer:
    """Whatever was answered: redirects and refusals, too.

    Attributes:
      headers: with lower-case names.
      seconds: how long it took.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


_is_ready = PerLoop(asyncio.Event)


async def get_ready() -> None:
    """Make what a process's first request needs, so that it departs as promptly as those after it."""
    if not _is_ready.get().is_set():
        await _make_ready(None)


async def _make_tls(all_who_wait: Sequence[None]) -> Sequence[None]:
    await asyncio.to_thread(make_tls)
    _is_ready.get().set()
    return all_who_wait


_make_ready: Batcher[None, None] = Batcher(_make_tls, most=sys.maxsize)


async def post(
    url: str,
    *,
    content: bytes,
    headers: Mapping[str, str] = {},
    timeouts: Timeouts = Timeouts(),
    most_bytes: int = MOST_BYTES,
    cut: bool = False,
    private: bool,
) -> Answer:
    """Post `content`, once. Redirects are not followed; proxies are those of the environment.

    Parameters:
      cut: of a longer answer the first `most_bytes` are enough.
      private: whether hosts of our own network may be asked. If not, a name that stands for any address which is
        not public is refused, after it was resolved. Behind a proxy, it is the proxy that resolves and connects.

    Raises:
      NoAnswer: there is none, or one of more than `most_bytes` that is not to be cut.
    """
    target = _target(url)
    proxy = proxy_for(target.url)
    sent = _headers(target, proxy, headers)
    waits = ClientTimeout(total=None, connect=timeouts.connect, sock_read=timeouts.read)
    began = monotonic()
    try:
        async with asyncio.timeout(timeouts.total):
            if not private:
                await _refuse_own(target.url, proxy)
            async with (
                # Whoever set a proxy up decides where it is.
                _session(private=private or proxy is not None) as session,
                session.post(
                    URL(target.asked, encoded=True),
                    data=content,
                    headers=sent,
                    timeout=waits,
                    allow_redirects=False,
                    ssl=make_tls() if "https" in (target.url.scheme, proxy and proxy.url.scheme) else True,
                    proxy=proxy.url if proxy else None,
                    proxy_headers=proxy.login if proxy else None,
                ) as response,
            ):
                body = await _body(response, most_bytes, cut=cut)
                answered = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, answered, body, monotonic() - began)
    except ConnectionTimeoutError:
        raise NoAnswer("timeout", f"did not accept a connection within {timeouts.connect:g} s") from None
    except SocketTimeoutError:
        raise NoAnswer("timeout", f"sent nothing for {timeouts.read:g} s") from None
    except TimeoutError:
        raise NoAnswer("timeout", f"did not answer within {timeouts.total:g} s") from None
    except AddressRefused as error:
        raise NoAnswer("address", f"is not asked: {error}") from None
    except (ClientError, ValueError) as error:
        raise no_answer(error) from error


#: By `private`.
_connectors = {private: PerLoop(partial(Connector, private)) for private in (False, True)}


def _session(private: bool) -> ClientSession:
    """A session for one request: there is none to be closed when the loop ends. Its connections stay."""
    return ClientSession(
        connector=_connectors[private].get(),
        connector_owner=False,
        cookie_jar=DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("Content-Type",),
        max_line_size=MOST_LINE,
        max_field_size=MOST_LINE,
    )


async def _body(response: ClientResponse, most_bytes: int, *, cut: bool) -> bytes:
    """An answer's body, read in pieces. The rest of one that is too long is not waited for."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > most_bytes and cut:
            break
        if len(body) > most_bytes:
            raise NoAnswer("too_long", f"answered {response.status} with more than {most_bytes} bytes")
    return bytes(body[:most_bytes])


async def _refuse_own(url: httpx.URL, proxy: Proxy | None) -> None:
    """Refuse what is known before anybody connects: an address, and behind a proxy what a name stands for here."""
    refuse_own(url.host)
    if proxy:
        with suppress(OSError):  # the name is known to the proxy alone, which is the only one to connect
            await PublicResolver().resolve(url.raw_host.decode("ascii"))


@dataclass(frozen=True)
class _Target:
    """Who is asked, and what is told to it in any case.

    Attributes:
      asked: the URL without its login.
    """

    url: httpx.URL
    asked: str
    headers: dict[str, str]


@lru_cache(maxsize=256)
def _target(url: str) -> _Target:
    try:
        parsed = httpx.URL(url)
        _ = parsed.host, parsed.raw_host.decode("ascii").encode("idna")  # as name resolution will
    except (httpx.InvalidURL, UnicodeError):
        parsed = httpx.URL()
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise NoAnswer(
            "invalid", "is no URL that can be asked; one begins with http:// or https:// and a host"
        )
    # Compressed answers could be of any size once they are unpacked.
    sent = {"User-Agent": "osmod-worker", "Accept-Encoding": "identity"}
    login = {"Authorization": basic(parsed)} if parsed.userinfo else {}
    return _Target(parsed, str(parsed.copy_with(userinfo=b"", fragment=None)), sent | login)


def _headers(target: _Target, proxy: Proxy | None, headers: Mapping[str, str]) -> dict[str, str]:
    """A request's. `headers` win over those of the target."""
    named = {name.lower() for name in headers}
    kept = {name: value for name, value in target.headers.items() if name.lower() not in named}
    sent = kept | dict(headers)
    if not all(_HEADER.fullmatch(f"{name}: {value}") for name, value in sent.items()):
        raise NoAnswer("invalid", "cannot be asked so: a header holds letters that HTTP has not")
    return sent | proxy.login if proxy and target.url.scheme == "http" else sent
