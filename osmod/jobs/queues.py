"""What can be done to a queue as a whole, and to a job in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from osmod.jobs.states import JobState
from osmod.jobs.wire.queues import Queues
from osmod.jobs.wire.scripts import Script

_LUA = Path(__file__).parent / "steering" / "lua"
PAUSE, CANCEL = Script(_LUA / "pause.lua"), Script(_LUA / "cancel.lua")


@dataclass(frozen=True)
class QueueCounts:
    """How many jobs of a queue are in each state, and whether it is paused."""

    waiting: int
    delayed: int
    active: int
    done: int
    failed: int
    cancelled: int
    paused: bool


def pause(broker: Queues, queue_name: str) -> None:
    """Start no more jobs of this queue, in any process. Running ones end; new ones are taken in."""
    PAUSE.run(broker.links, broker.key_base(queue_name), [b"1"])


def resume(broker: Queues, queue_name: str) -> None:
    """Start jobs of this queue again."""
    PAUSE.run(broker.links, broker.key_base(queue_name), [b"0"])


def cancel(broker: Queues, queue_name: str, message_id: str) -> JobState | None:
    """Cancel a job that has not ended. Returns the state it was in; None if there is no such job.

    A running job loses its lease: it is not interrupted here, but how it ends no longer counts.
    """
    keep = b"%d" % broker.dead_message_ttl
    state = CANCEL.run(broker.links, broker.key_base(queue_name), [message_id.encode(), keep])
    return JobState(state.decode()) if state else None


def counts(broker: Queues, queue_name: str) -> QueueCounts:
    """How many jobs of a queue are in each state."""
    base = broker.key_base(queue_name).decode()
    with broker.client.pipeline(transaction=False) as pipe:
        for state in JobState:
            if state.key:
                pipe.zcard(base + state.key)
        pipe.exists(base + "paused")
        waiting, delayed, active, done, failed, cancelled, paused = pipe.execute()
    return QueueCounts(waiting, delayed, active, done, failed, cancelled, bool(paused))
