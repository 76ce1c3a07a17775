"""The scripts of a gate, one step each."""

from __future__ import annotations

from pathlib import Path

from osmod.jobs.queue.scripts import EXCHANGE
from osmod.jobs.wire.scripts import Script

_LUA = Path(__file__).parent / "lua"
_KEYS = _LUA / "_gate.lua"

ENTER = Script(_LUA / "enter.lua", _KEYS)
LEAVE = Script(_LUA / "leave.lua", _KEYS)
LATE = Script(_LUA / "late.lua", _KEYS)
STATE = Script(_LUA / "state.lua", _KEYS)
RESET = Script(_LUA / "reset.lua", _KEYS)
# A worker that could not keep to a service's limits is to lease nothing.
EXCHANGE.along(ENTER, LEAVE, LATE)
