"""A TCP proxy before Redis that does what networks do: lose answers, dawdle, cut connections."""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from contextlib import suppress


class Proxy:
    """Forwards a port of its own to a server's. Faults are set while it runs.

    Attributes:
      lose_answers: share of answers (0 to 1) after which the connection is cut and the answer lost: the
        command has run, and its sender does not know.
      lose_next: this many of the next answers are lost, whatever the share.
      lose_with: the next answer in which these bytes stand is lost.
      swallow: True has answers vanish with the connection left open, as a dead peer does.
      delay: seconds by which each answer is late.
      refuse: True has new connections cut at once, as when nothing runs behind a port that is forwarded.
    """

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._target = (host, port)
        self.lose_answers = 0.0
        self.lose_next = 0
        self.lose_with = b""
        self.swallow = False
        self.delay = 0.0
        self.refuse = False
        self.lost = 0
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._forgotten: set[tuple[socket.socket, socket.socket]] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open = True
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """How to reach Redis through it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def reset(self) -> None:
        """Cut all connections, with a reset."""
        with self._lock:
            pairs = list(self._pairs)
        for client, server in pairs:
            with suppress(OSError):
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._end(client, server)

    def forget(self) -> None:
        """Let nothing pass any more on the connections there are, nor tell: a firewall forgot them."""
        with self._lock:
            self._forgotten |= self._pairs

    def close(self) -> None:
        """Take no more connections and cut those there are."""
        self._open = False
        self._listener.close()
        self.reset()

    def _accept(self) -> None:
        while self._open:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.refuse:
                client.close()
                continue
            try:
                server = socket.create_connection(self._target, timeout=60)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._pairs.add((client, server))
            threading.Thread(target=self._ask, args=(client, server), daemon=True).start()
            threading.Thread(target=self._answer, args=(client, server), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                if (client, server) not in self._forgotten:
                    server.sendall(data)
        self._end(client, server)

    def _answer(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                if self.delay:
                    time.sleep(self.delay)
                if self.swallow or (client, server) in self._forgotten:
                    continue
                if self._loses(data):
                    break
                client.sendall(data)
        self._end(client, server)

    def _loses(self, data: bytes) -> bool:
        with self._lock:
            if self.lose_with and self.lose_with in data:
                self.lose_with = b""
                self.lost += 1
                return True
            if self.lose_next > 0:
                self.lose_next -= 1
                self.lost += 1
                return True
        if random.random() < self.lose_answers:
            self.lost += 1
            return True
        return False

    def _end(self, client: socket.socket, server: socket.socket) -> None:
        with self._lock:
            self._pairs.discard((client, server))
            self._forgotten.discard((client, server))
        for end in (client, server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
