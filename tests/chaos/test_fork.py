"""A server that sends, and forks: gunicorn with `--preload`, multiprocessing."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from uuid import uuid4

import dramatiq
import pytest

from osmod.jobs.steering.invariants import check
from tests.jobs.brokers import boot
from tests.queue_counts import queue_counts
from tests.redis_servers import Server
from tests.waiting import until

CHILDREN, JOBS = 8, 10


# Newer Pythons warn of forks in processes with threads, which is what is done here.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_parent_and_children_go_on_sending(own_server: Callable[..., Server]) -> None:
    """Forked amid its sends: no connection is used by two processes, nothing is lost, doubled or stuck."""
    broker = boot(own_server().url)
    actor = dramatiq.actor(actor_name="noop")(lambda number: None)

    def send() -> None:
        for number in range(JOBS):
            key = str(uuid4())
            first, again = (actor.send_with_options(args=(number,), unique=key) for _ in range(2))
            # An answer that was meant for somebody else would name another job, or none.
            assert first.message_id == again.message_id
        broker.send_many(actor.message(number) for number in range(JOBS))

    # So that there are connections at rest, which a child would find.
    early = [threading.Thread(target=send) for _ in range(8)]
    for sender in early:
        sender.start()
    for sender in early:
        sender.join()
    over = threading.Event()
    rounds: list[None] = []

    def send_on() -> None:
        while not over.is_set():
            send()
            rounds.append(None)

    sender = threading.Thread(target=send_on)
    sender.start()
    until(lambda: rounds)
    children = [_fork(send) for _ in range(CHILDREN)]
    statuses = [_end(child) for child in children]
    over.set()
    sender.join()
    send()

    assert [0] * CHILDREN == statuses
    assert (len(early) + CHILDREN + len(rounds) + 1) * 2 * JOBS == queue_counts(broker, "default").waiting
    assert [] == check(broker)
    broker.close()


def _fork(function: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            function()
            status = 0
        finally:
            os._exit(status)
    return child


def _end(child: int) -> int:
    """How it ended; one that hangs is killed."""

    def ended() -> tuple[int, int] | None:
        found = os.waitpid(child, os.WNOHANG)
        return found if found[0] else None

    try:
        return until(ended, 20)[1]
    except AssertionError:
        os.kill(child, 9)
        return os.waitpid(child, 0)[1]
