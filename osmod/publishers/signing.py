"""Signatures of the Standard Webhooks specification, version 1 (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

PREFIX = "whsec_"
#: Bytes of a secret: what the specification allows.
SHORTEST, LONGEST = 24, 64


def read_secret(text: str) -> bytes:
    """The key of a secret as people pass it on: `whsec_` and base64.

    Raises:
      ValueError: it is none. The message does not quote it.
    """
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is not base64") from None
    if not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(f"has {len(key)} bytes, not {SHORTEST} to {LONGEST}")
    return key


def signature_header(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """`webhook-signature`: one signature a key, so that a receiver may know the old or the new secret.

    Parameters:
      timestamp: when this attempt is made, in seconds of the epoch.
    """
    content = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    signatures = (hmac.digest(key, content, hashlib.sha256) for key in keys)
    return " ".join(f"v1,{base64.b64encode(one).decode()}" for one in signatures)
