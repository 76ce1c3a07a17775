"""What it means that nothing was answered."""

from __future__ import annotations

from typing import Literal

Kind = Literal["connect", "timeout", "reset", "too_long", "address", "tls", "invalid"]


class NoAnswer(Exception):
    """Nothing was answered, or too much. A sentence without subject, URL and secrets: "did not answer within 60 s".

    Attributes:
      kind: `connect`, `timeout`, `reset` (hung up, or no HTTP), `too_long`, `address` (not public), `tls`, or
        `invalid` (the request cannot be sent at all).
    """

    def __init__(self, kind: Kind, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind


def hung_up(why: object = None) -> NoAnswer:
    """The other side hung up, or what it says is no HTTP."""
    return NoAnswer("reset", f"hung up: {why}" if why else "hung up")
