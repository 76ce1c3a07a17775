"""A publisher on this machine: a real HTTP server that answers as it is told and checks every signature."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "whsec_" + base64.b64encode(b"the publisher's first secret").decode()
NEXT_SECRET = "whsec_" + base64.b64encode(b"the publisher's second secret").decode()


@dataclass(frozen=True)
class Reply:
    """What one request gets.

    Attributes:
      resets: `"at once"`, or `"in the body"`: after half of it.
      before: called before anything is answered, as to hold it back.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"thank you"
    resets: str = ""
    before: Callable[[], object] = lambda: None


@dataclass(frozen=True)
class Received:
    """One request as the publisher saw it.

    Attributes:
      known: for each secret that the publisher knows, whether a signature is made with it.
      reply: what it got.
    """

    id: str
    timestamp: int
    content: dict[str, Any]
    signatures: int
    known: tuple[bool, ...]
    headers: Mapping[str, str]
    reply: Reply


class Fake:
    """The publisher's side. `script` is used up request by request; then `otherwise`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.secrets = [SECRET]
        self.script: deque[Reply] = deque()
        self.otherwise = Reply()
        self.received: list[Received] = []
        self._taking = threading.Lock()

    @property
    def webhook(self) -> dict[str, Any]:
        """What `users.extra.webhook` is for it."""
        return {"url": self.url, "secrets": list(self.secrets)}

    @property
    def told(self) -> list[tuple[int, str]]:
        """(sequence number, status) of each request."""
        return [
            (one.content["data"]["sequence"], one.content["data"]["decision"]["status"])
            for one in self.received
        ]

    def take(self, headers: Mapping[str, str], body: bytes) -> Reply:
        """Note a request and say what it gets."""
        signatures = headers["webhook-signature"].split(" ")
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        with self._taking:
            reply = self.script.popleft() if self.script else self.otherwise
            self.received.append(
                Received(
                    headers["webhook-id"],
                    int(headers["webhook-timestamp"]),
                    json.loads(body),
                    len(signatures),
                    tuple(_sign(secret, signed) in signatures for secret in self.secrets),
                    dict(headers),
                    reply,
                )
            )
        return reply


def _sign(secret: str, signed: bytes) -> str:
    """As a receiver computes it who has read the specification, and not our code."""
    key = base64.b64decode(secret.split("_", 1)[1])
    return "v1," + base64.standard_b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


@contextmanager
def publisher() -> Iterator[Fake]:
    """A publisher on a free port of the loopback address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            reply = fake.take(dict(self.headers), self.rfile.read(int(self.headers["Content-Length"])))
            reply.before()
            if reply.resets == "at once":
                self._reset()
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            if reply.resets:
                self.wfile.write(reply.body[: len(reply.body) // 2])
                self.wfile.flush()
                self._reset()
                return
            self.wfile.write(reply.body)

        def _reset(self) -> None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Clients that hang up are part of the tests."""

    with Server(("127.0.0.1", 0), Handler) as server:
        fake = Fake(f"http://127.0.0.1:{server.server_port}/moderation")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield fake
        server.shutdown()
        thread.join()
