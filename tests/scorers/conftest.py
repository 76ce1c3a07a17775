"""A scoring service on this machine, which answers as it is told and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest


@dataclass
class Service:
    """The fake's side of a conversation."""

    url: str = ""
    status: int = 200
    #: A JSON value, or bytes to be sent as they are.
    answer: Any = field(default_factory=dict)
    #: Close the connection in place of an answer.
    hangs_up: bool = False
    paths: list[str] = field(default_factory=list)
    queries: list[dict[str, list[str]]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)


@pytest.fixture
def service() -> Iterator[Service]:
    """A service on a free port of the loopback address."""
    told = Service()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            url = urlsplit(self.path)
            told.paths.append(url.path)
            told.queries.append(parse_qs(url.query))
            told.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            told.connections.add(self.client_address)
            if told.hangs_up:
                self.close_connection = True
                return
            content = told.answer if isinstance(told.answer, bytes) else json.dumps(told.answer).encode()
            self.send_response(told.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        told.url = f"http://127.0.0.1:{server.server_port}/analyze"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield told
        server.shutdown()
        thread.join()
