"""What it means that nothing was answered."""

from __future__ import annotations

import re
from typing import Literal

from aiohttp import (
    ClientConnectionError,
    ClientConnectorCertificateError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientHttpProxyError,
    ClientPayloadError,
    ClientResponseError,
)

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


def no_answer(error: Exception) -> NoAnswer:
    """What an error of aiohttp's means; not those of time."""
    match error:
        case ClientHttpProxyError():
            return refused_by_proxy(f"{error.status} {error.message}")
        case ClientConnectorSSLError() | ClientConnectorCertificateError():
            return NoAnswer("tls", f"cannot be trusted: {error.__cause__}")
        case ClientConnectorError():
            return NoAnswer("connect", f"is not reached: {error.os_error}")
        case ClientResponseError():
            what = re.split(r"\n|: b['\"]", error.message, maxsplit=1)[0]  # what was answered follows
            return NoAnswer("reset", f"hung up: this is no answer in HTTP ({what.rstrip(':')})")
        case ClientConnectionError() | ClientPayloadError():
            return NoAnswer("reset", f"hung up: {error}" if str(error) else "hung up")
    return NoAnswer("invalid", "cannot be asked so")


def refused_by_proxy(why: str) -> NoAnswer:
    """Why a proxy does not ask in our place."""
    return NoAnswer("connect", f"is not reached through its proxy: {why}")
