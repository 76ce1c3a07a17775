"""The way to an outside service: its limits, its pauses and its outages, shared by all processes through Redis."""

from osmod.jobs.gate.gate import BreakerTerms, Gate, NotYet
from osmod.jobs.gate.limits import GateLimits
from osmod.jobs.gate.outcome import Outcome
from osmod.jobs.gate.state import Breaker, GateState

__all__ = ["Breaker", "BreakerTerms", "Gate", "GateLimits", "GateState", "NotYet", "Outcome"]
