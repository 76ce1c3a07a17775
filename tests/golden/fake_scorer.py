"""A scorer that answers as a case tells it to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit


class FakeScorer(ThreadingHTTPServer):
    """Answers POSTs to `/s/<user id>/…` by `script` and keeps what it was asked in `requests`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: dict[str, Any] = {}
        self.requests: list[dict[str, Any]] = []

    @property
    def host(self) -> str:
        """What `SCORER_HOST` stands for."""
        return f"127.0.0.1:{self.server_port}"

    def begin(self, script: dict[str, Any]) -> None:
        """Forget what was asked, and answer by `script` from now on."""
        self.script, self.requests = script, []


class _Handler(BaseHTTPRequestHandler):
    server: FakeScorer

    def do_POST(self) -> None:
        url = urlsplit(self.path)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        scorer = url.path.split("/")[2]
        told = self.server.script[scorer]
        if "discoveryStatus" in told:  # we ask the endpoint at once, where OSMod fails to discover it
            self._answer(told["discoveryStatus"], {})
            return
        answer = told.get("byText", {}).get(body["comment"]["text"], told.get("default"))
        key = parse_qs(url.query).get("key", [None])[0]
        self.server.requests.append(
            {"scorer": int(scorer), "key": key, "body": body, "status": answer["status"]}
        )
        self._answer(answer["status"], answer["body"])

    def _answer(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def fake_scorer() -> Iterator[FakeScorer]:
    """A running fake, stopped at the end."""
    server = FakeScorer()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
