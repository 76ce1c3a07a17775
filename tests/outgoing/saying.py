"""A server that says certain bytes, whatever it is asked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Saying:
    """Says one of `pieces` after each request's body `{}`, and hangs up after the last one.

    Attributes:
      asked: what came, a connection each.
    """

    def __init__(self, *pieces: bytes) -> None:
        self.asked: list[bytes] = []
        self._pieces = pieces
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def serve(self) -> None:
        """Until `stop`."""
        with suppress(OSError):
            while True:
                self._serve(self._socket.accept()[0])

    def stop(self) -> None:
        """Serve nobody any more."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def say(self, piece: bytes) -> None:
        """Say something unasked, by the connection that is open."""
        self._connection.sendall(piece)

    def _serve(self, connection: socket.socket) -> None:
        self.asked.append(b"")
        self._connection = connection
        with connection, suppress(ConnectionError):
            for piece in self._pieces:
                came = b""
                while not came.endswith(b"{}"):
                    if not (chunk := connection.recv(65536)):
                        return
                    came += chunk
                self.asked[-1] += came
                connection.sendall(piece)


@contextmanager
def saying(*pieces: bytes) -> Iterator[Saying]:
    """One that runs as long as the block does."""
    server = Saying(*pieces)
    thread = threading.Thread(target=server.serve, name="saying", daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()
