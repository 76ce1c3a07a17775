"""Posting to the outside world."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from time import monotonic
from typing import Literal

import httpcore
import httpx

from osmod.loop import PerLoop
from osmod.outgoing.addresses import AddressRefused
from osmod.outgoing.connections import Connections, make_tls

#: Bytes. A longer answer is refused before it fills the memory.
MOST_BYTES = 4 * 1024 * 1024

Kind = Literal["connect", "timeout", "reset", "too_long", "address", "tls", "invalid"]


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


class NoAnswer(Exception):
    """Nothing was answered, or too much. A sentence without subject, URL and secrets: "did not answer within 60 s".

    Attributes:
      kind: `connect`, `timeout`, `reset` (hung up, or no HTTP), `too_long`, `address` (not public), `tls`, or
        `invalid` (the request cannot be sent at all).
    """

    def __init__(self, kind: Kind, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind


_is_ready = PerLoop(asyncio.Event)


async def get_ready() -> None:
    """Make what a process's first request needs, so that it departs as promptly as those after it."""
    if not _is_ready.get().is_set():
        await asyncio.to_thread(make_tls)
        await httpcore.AnyIOBackend().sleep(0)  # what is imported when it is used first
        _is_ready.get().set()


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
    request = _request(url, content, headers, timeouts)
    began = monotonic()
    try:
        async with asyncio.timeout(timeouts.total):
            status, answered, body = await _exchange(
                request, _connections[private].get(), most_bytes, cut=cut
            )
    except TimeoutError:
        raise NoAnswer("timeout", f"did not answer within {timeouts.total:g} s") from None
    except AddressRefused as error:
        raise NoAnswer("address", f"is not asked: {error}") from None
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise _no_answer(error, timeouts) from error
    except httpcore.ProxyError as error:
        raise NoAnswer("connect", f"is not reached through its proxy: {error}") from None
    return Answer(status, answered, body, monotonic() - began)


@dataclass(frozen=True)
class _Request:
    url: httpx.URL
    content: bytes
    headers: dict[str, str]
    #: As httpcore wants them.
    timeouts: dict[str, float]


#: By `private`.
_connections = {private: PerLoop(partial(Connections, private)) for private in (False, True)}


@lru_cache(maxsize=256)
def _parsed(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
        _ = parsed.host, parsed.raw_host.decode("ascii").encode("idna")  # as name resolution will
    except (httpx.InvalidURL, UnicodeError):
        return httpx.URL()
    return parsed


def _request(url: str, content: bytes, headers: Mapping[str, str], timeouts: Timeouts) -> _Request:
    parsed = _parsed(url)
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise NoAnswer(
            "invalid", "is no URL that can be asked; one begins with http:// or https:// and a host"
        )
    sent = {"Host": parsed.netloc.decode(), "Content-Length": str(len(content))}
    # Compressed answers could be of any size once they are unpacked.
    sent |= {"User-Agent": "osmod-worker", "Accept": "*/*", "Accept-Encoding": "identity"}
    if parsed.userinfo:
        login = f"{parsed.username}:{parsed.password}".encode()
        sent["Authorization"] = f"Basic {base64.b64encode(login).decode()}"
    if not all(text.isascii() for header in headers.items() for text in header):
        raise NoAnswer("invalid", "cannot be asked so: a header holds letters that HTTP has not")
    named = {name.lower() for name in headers}
    sent = {name: value for name, value in sent.items() if name.lower() not in named}
    waits = {"connect": timeouts.connect, "read": timeouts.read, "write": timeouts.read}
    return _Request(parsed, content, sent | dict(headers), waits)


async def _exchange(
    request: _Request, connections: Connections, most_bytes: int, *, cut: bool
) -> tuple[int, dict[str, str], bytes]:
    target = httpcore.URL(
        scheme=request.url.raw_scheme,
        host=request.url.raw_host,
        port=request.url.port,
        target=request.url.raw_path,
    )
    async with (
        connections.lend(request.url) as connection,
        connection.stream(
            "POST",
            target,
            headers=list(request.headers.items()),
            content=request.content,
            extensions={"timeout": request.timeouts},
        ) as response,
    ):
        body = bytearray()
        async for chunk in response.aiter_stream():
            body += chunk
            if len(body) > most_bytes and cut:
                del body[most_bytes:]
                break
            if len(body) > most_bytes:
                raise NoAnswer("too_long", f"answered {response.status} with more than {most_bytes} bytes")
        answered = {
            name.decode("ascii", "replace").lower(): value.decode("latin-1")
            for name, value in response.headers
        }
        return response.status, answered, bytes(body)


def _no_answer(error: Exception, timeouts: Timeouts) -> NoAnswer:
    said = f": {error}" if str(error) else ""
    if isinstance(error, httpcore.ConnectTimeout):
        return NoAnswer("timeout", f"did not accept a connection within {timeouts.connect:g} s")
    if isinstance(error, httpcore.TimeoutException):
        return NoAnswer("timeout", f"sent nothing for {timeouts.read:g} s")
    if isinstance(error, httpcore.LocalProtocolError):
        return NoAnswer("invalid", f"cannot be asked so{said}")
    if isinstance(error, httpcore.ConnectError):
        # SSLError is an OSError, too; the first cause of all says what the system said.
        cause = next((one for one in reversed([*_causes(error)]) if isinstance(one, OSError)), error)
        if isinstance(cause, ssl.SSLError):
            return NoAnswer("tls", f"cannot be trusted: {cause}")
        return NoAnswer("connect", f"is not reached: {cause}")
    return NoAnswer("reset", f"hung up{said}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__
