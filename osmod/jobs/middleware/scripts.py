"""The scripts that run around a job."""

from __future__ import annotations

from pathlib import Path

from osmod.jobs.queue.scripts import EXCHANGE
from osmod.jobs.wire.scripts import Script

_LUA = Path(__file__).parent / "lua"

RATE = Script(_LUA / "rate.lua")
REPORT = Script(_LUA / "report.lua")
# A worker that could not keep to a rate, or not write what its jobs report, is to lease nothing.
EXCHANGE.along(RATE, REPORT)
