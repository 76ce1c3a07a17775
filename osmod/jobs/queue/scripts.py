"""What is done to a queue in one step each: the scripts that senders and workers run."""

from __future__ import annotations

from pathlib import Path

from osmod.jobs.wire.scripts import Script

_LUA = Path(__file__).parent / "lua"

ENQUEUE = Script(_LUA / "enqueue.lua")
#: Stores what follows from a job on a full server, too: otherwise the job could not end, and make room.
ENQUEUE_FOLLOW_UP = Script(_LUA / "enqueue.lua", _LUA / "_although_full.lua")
EXTEND = Script(_LUA / "extend.lua")
BEGIN = Script(_LUA / "begin.lua")
RECLAIM = Script(_LUA / "reclaim.lua")
PRESENT = Script(_LUA / "present.lua")
#: Statistics: noted by whoever comes first in a minute.
MINUTE = Script(_LUA / "minute.lua")
KNOWN = Script(_LUA / "known.lua")
WORKERS = Script(_LUA / "workers.lua")
#: Who could not keep what it leased, or not say how it ended, is to lease nothing.
EXCHANGE = Script(_LUA / "exchange.lua", _LUA / "_returning.lua").along(
    ENQUEUE, EXTEND, BEGIN, RECLAIM, PRESENT
)
PURGE = Script(_LUA / "purge.lua")
