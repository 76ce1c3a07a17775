"""Ports for what tests start."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from itertools import count

from osmod.embedded import HOST

#: Below those that the system gives to outgoing connections: none of these takes one between a look and its use, nor
#: while a server is down that will be back.
FIRST, LAST = 10_000, 32_000
#: Each of the processes of `pytest -n` has a share of them, in which those that it starts begin at other places.
SHARES, APART = 8, 100


def _places() -> Iterator[int]:
    size = (LAST - FIRST) // SHARES
    share = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % SHARES
    return (FIRST + share * size + (os.getpid() * APART + one) % size for one in count())


_next = _places()


def free_port() -> int:
    """A port that nothing uses, and that this process gives to nobody else for long."""
    for port in _next:
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise AssertionError("there are always more")
