"""What a request says of the service that it went to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Outcome:
    """How a request through a gate ended. Made by the functions below, each of which says what the gate makes of it.

    `why` is kept and shown: a sentence without secrets.
    """

    kind: str
    why: str = ""
    pause: int = 0

    @classmethod
    def ok(cls) -> Self:
        """The service answered: it is there, whatever it was before."""
        return cls("ok")

    @classmethod
    def away(cls, why: str) -> Self:
        """It did not answer, or not as a service that works: several in a row open the breaker."""
        return cls("away", why)

    @classmethod
    def refused(cls, why: str) -> Self:
        """It does not know us: nothing more is asked but now and then, until the configuration changes."""
        return cls("refused", why)

    @classmethod
    def paused(cls, seconds: float, why: str = "") -> Self:
        """It asked for a pause of so many seconds: nobody departs before."""
        return cls("paused", why, pause=max(0, math.ceil(seconds * 1000)))

    @classmethod
    def unrelated(cls) -> Self:
        """It says nothing of the service."""
        return cls("unrelated")
