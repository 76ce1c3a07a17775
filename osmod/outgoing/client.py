"""Posting to the outside world."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from time import monotonic

import httpx

from osmod.batching import Batcher
from osmod.loop import PerLoop
from osmod.outgoing.connection import Bounds
from osmod.outgoing.connections import Connections, make_tls
from osmod.outgoing.no_answer import NoAnswer
from osmod.outgoing.proxies import Proxy, basic, proxy_for

#: Bytes. A longer answer is refused before it fills the memory.
MOST_BYTES = 4 * 1024 * 1024
#: A line of a request's head.
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t -~]*\r\n")


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
    request = _head(target, proxy, headers, len(content)) + content
    bounds = Bounds(timeouts.read, most_bytes, cut)
    connections = _connections[private].get()
    began = monotonic()
    try:
        async with asyncio.timeout(timeouts.total):
            connection = await connections.take(target.url, proxy, timeouts.connect)
            try:
                response = await connection.ask(request, bounds)
            except BaseException:
                connection.abort()
                raise
    except TimeoutError:
        raise NoAnswer("timeout", f"did not answer within {timeouts.total:g} s") from None
    connections.keep(target.url, proxy, connection)
    return Answer(response.status, response.headers, response.body, monotonic() - began)


#: By `private`.
_connections = {private: PerLoop(partial(Connections, private)) for private in (False, True)}


@dataclass(frozen=True)
class _Target:
    """Who is asked, and what is told to it in any case."""

    url: httpx.URL
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
    sent = {"User-Agent": "osmod-worker", "Accept": "*/*", "Accept-Encoding": "identity"}
    login = {"Authorization": basic(parsed)} if parsed.userinfo else {}
    return _Target(parsed, {"Host": parsed.netloc.decode(), **sent, **login})


def _head(target: _Target, proxy: Proxy | None, headers: Mapping[str, str], length: int) -> bytes:
    """A request's first lines. `headers` win over those of the target."""
    named = {name.lower() for name in headers}
    kept = {name: value for name, value in target.headers.items() if name.lower() not in named}
    lines = [f"{name}: {value}\r\n" for name, value in (kept | dict(headers)).items()]
    if not all(map(_HEADER.fullmatch, lines)):
        raise NoAnswer("invalid", "cannot be asked so: a header holds letters that HTTP has not")
    path = target.url.raw_path.decode()
    login = ""
    if proxy and target.url.scheme == "http":
        path, login = f"http://{target.url.netloc.decode()}{path}", proxy.login
    first, last = f"POST {path} HTTP/1.1\r\n", f"Content-Length: {length}\r\n{login}\r\n"
    return f"{first}{''.join(lines)}{last}".encode("ascii")
