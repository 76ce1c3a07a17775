"""A database that is away: one thread waits for it, others are told at once."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from osmod.moderation.database import OF_REQUESTS, connect
from osmod.moderation.one_asks import SOON, OneAsks
from tests.waiting import until

#: Seconds that a server gets to answer.
ANSWER = 4.0


class Frozen:
    """A server that is stopped: it is connected to, and says nothing."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self._taken: list[socket.socket] = []
        listening.setblocking(False)

    def connections(self) -> int:
        """How many have been made."""
        with contextlib.suppress(BlockingIOError):
            self._taken.append(self._listening.accept()[0])
        return len(self._taken)

    def close(self) -> None:
        """Let go of them."""
        for one in self._taken:
            one.close()


@pytest.fixture
def frozen() -> Iterator[tuple[Frozen, Engine]]:
    """The server, and an engine of a process that answers requests."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Frozen(listening)
        url = f"mysql+pymysql://root@127.0.0.1:{listening.getsockname()[1]}/os"
        engine = connect(url, patience=replace(OF_REQUESTS, answer=ANSWER))
        yield server, engine
        engine.dispose()
        server.close()


@pytest.mark.timed
def test_others_are_told_at_once(frozen: tuple[Frozen, Engine]) -> None:
    """Once it was found to be away, as long as one thread waits for it; the sentence is that of the one who waits."""
    server, engine = frozen
    _fails(engine)
    assert 1 == server.connections()
    waiting = threading.Thread(target=_fails, args=(engine,))
    waiting.start()
    until(lambda: server.connections() == 2, what="a second connection is made")
    _fails(engine)  # the one for which is waited a little
    began = time.monotonic()
    for _ in range(20):
        _fails(engine)
    assert time.monotonic() - began < SOON
    assert 2 == server.connections()
    waiting.join()


def test_it_is_asked_again() -> None:
    """By one after the other while it is away; by all once it has answered, or nobody has asked for a while."""
    one = OneAsks(60, 0)
    one.failed()
    with one.turn() as first, one.turn() as second:
        assert (True, False) == (first, second)
    with one.turn() as first, one.turn() as second:
        assert (True, True) == (first, second), "it has answered"

    one.failed()
    with pytest.raises(ZeroDivisionError), one.turn():
        raise ZeroDivisionError
    with one.turn() as first, one.turn() as second:
        assert (True, False) == (first, second), "that it failed is not that it has answered"

    brief = OneAsks(0, 0)
    brief.failed()
    with brief.turn() as first, brief.turn() as second:
        assert (True, True) == (first, second), "it is too long ago"


def test_a_server_that_is_well_refuses_nobody() -> None:
    """Who comes while the first asks waits for what comes of it, and then asks, too."""
    one = OneAsks(60, 20)
    one.failed()
    others: list[bool] = []

    def other() -> None:
        with one.turn() as may:
            others.append(may)

    threads = [threading.Thread(target=other) for _ in range(3)]
    with one.turn():
        for thread in threads:
            thread.start()
        assert [] == others
    for thread in threads:
        thread.join(120)
    assert [True] * 3 == others


def _fails(engine: Engine) -> None:
    with pytest.raises(OperationalError, match="timed out"):
        engine.connect()
