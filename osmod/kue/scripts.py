"""The Lua scripts that work on Kue's keys. They run on the keys that begin with `KueQueue.base`."""

from __future__ import annotations

from pathlib import Path

from osmod.jobs.wire.scripts import Script

_LUA = Path(__file__).parent / "lua"
TAKE, STORED, UNSTORED, RING, LOOK, TELL, FORGET, PROMOTE, STRAYS, MEND, RESCUE, ENDED = (
    Script(_LUA / f"{name}.lua", prelude=_LUA / "_prelude.lua")
    for name in (
        *("take", "stored", "unstored", "ring", "look", "tell", "forget"),
        *("promote", "strays", "mend", "rescue", "ended"),
    )
)
