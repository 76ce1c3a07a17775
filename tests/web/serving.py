"""A real server in a thread of the tests', for what only a connection shows."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI

from osmod.web.serving import Place, bounds
from tests.ports import free_port
from tests.waiting import until

HOST = "127.0.0.1"


@dataclass
class Served:
    """A server that runs."""

    port: int
    server: uvicorn.Server
    thread: threading.Thread

    def connect(self) -> socket.socket:
        """A connection, on which nothing is waited for longer than a minute."""
        return socket.create_connection((HOST, self.port), timeout=60)

    def connections(self) -> int:
        """How many it holds."""
        return len(self.server.server_state.connections)

    def stop(self) -> None:
        """Tell it to stop, as a signal does."""
        self.server.should_exit = True


@contextmanager
def served(app: FastAPI, *, port: int = 0, connections: int = 100) -> Iterator[Served]:
    """The app behind uvicorn as `osmod serve` sets it up, for the length of the block.

    Parameters:
      port: 0 for one that is free.
    """
    place = Place(HOST, port or free_port(), connections=connections)
    server = uvicorn.Server(uvicorn.Config(app, host=place.host, port=place.port, **bounds(place)))
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started, 20, "the server answers")
    one = Served(place.port, server, thread)
    try:
        yield one
    finally:
        one.stop()
        thread.join(120)
        assert not thread.is_alive()


def answer(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    received = b""
    while piece := connection.recv(65536):
        received += piece
    return received
