"""Requests that ask for another protocol (`Upgrade: h2c`, `websocket`): answered in the one they came in."""

from __future__ import annotations

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

INVALID = "Invalid HTTP request received."


class OneProtocol(HttpToolsProtocol):
    """uvicorn's, for a server that changes to no other protocol.

    httptools ends such a request after its head: its body would be lost, and taken for the next request. Some clients
    ask with whatever they send first (Java's, for HTTP/2), so the request is read once more as if it had not asked.
    """

    def data_received(self, data: bytes) -> None:
        """Some bytes, from anywhere in a request."""
        self._unset_keepalive_if_required()
        while data:
            data = self._feed(data)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        if not self._asks_for_another():
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole."""
        if not self._asks_for_another():
            super().on_message_complete()

    def _feed(self, data: bytes) -> bytes:
        """Have it read; return what is to be read next."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as asked:
            again = self._head_without_asking() + data[asked.args[0] :]
            self._begin_anew()
            return again
        except httptools.HttpParserError:
            self.logger.warning(INVALID)
            self.send_400_response(INVALID)
        return b""

    def _begin_anew(self) -> None:
        """Take another parser, set as uvicorn sets it: after `Connection: close` this one would read no further."""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)

    def _asks_for_another(self) -> bool:
        """Whether its head does; CONNECT, which is no request here, does without one."""
        return self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"

    def _head_without_asking(self) -> bytes:
        version = self.parser.get_http_version().encode()
        first = b"%s %s HTTP/%s\r\n" % (self.parser.get_method(), self.url, version)
        kept = [b"%s: %s\r\n" % header for header in self.headers if header[0] != b"upgrade"]
        return b"".join([first, *kept, b"\r\n"])
