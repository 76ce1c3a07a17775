"""What operators ask of worker processes: to be quiet, to go on, to stop. Each hears it within five seconds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from osmod.jobs.messages.bounds import WORKERS_NAME
from osmod.jobs.queue.presence import Request
from osmod.jobs.steering.audit import AUDIT, Asked
from osmod.jobs.wire.queues import Queues
from osmod.jobs.wire.scripts import Script

_ASK = Script(Path(__file__).parent / "lua" / "ask.lua", AUDIT)


def quiet_workers(broker: Queues, names: Sequence[str], *, by: str | None = None, reason: str = "") -> int:
    """Have worker processes (`host:process`) finish what runs and begin nothing, until they are resumed or end.

    What they only had in stock goes back to its queue. Returns how many of them there are.
    """
    return _ask(broker, Request.QUIET.value, "quiet workers", names, Asked(by, reason))


def resume_workers(broker: Queues, names: Sequence[str], *, by: str | None = None, reason: str = "") -> int:
    """Have worker processes begin jobs again. Returns how many of them there are."""
    return _ask(broker, "", "resume workers", names, Asked(by, reason))


def stop_workers(broker: Queues, names: Sequence[str], *, by: str | None = None, reason: str = "") -> int:
    """Have worker processes stop as by SIGTERM: running jobs get the time to end. Returns how many there are."""
    return _ask(broker, Request.STOP.value, "stop workers", names, Asked(by, reason))


def _ask(broker: Queues, request: str, act: str, names: Sequence[str], asked: Asked) -> int:
    what = f"worker={','.join(names[:10])}" + (",…" if len(names) > 10 else "")
    arguments = [*asked.head(what), *(one.encode() for one in (request, act, *names))]
    done: int = _ASK.run(broker.links, broker.key_base(WORKERS_NAME), arguments)
    return done
