"""How the URL of a Redis may be written, and what is wrong with one. Nothing is connected."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast
from urllib.parse import SplitResult, urlsplit

from environs import ValidationError

#: How a `REDIS_URL` may begin.
REDIS_SCHEMES = (
    *("redis", "rediss", "unix"),
    *("redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"),
)


def redis_fault(url: str) -> str | None:
    """Why no Redis can be reached at `url` from anywhere; None if it is well formed. Nothing is connected."""
    try:
        check_redis_url(url)
    except ValidationError as error:
        return " ".join(cast("list[str]", error.messages))
    return None


def check_given(url: str) -> None:
    """Refuse an empty one.

    Raises:
      ValidationError: says what it must be.
    """
    if not url:
        raise ValidationError(
            "it is empty: name your Redis, as redis://localhost:6379, or unset it for that one."
        )


def check_kue_url(url: str) -> None:
    """Refuse one at which no queue of Kue's can be; an empty one is none.

    Raises:
      ValidationError: says what it must be.
    """
    if url:
        check_redis_url(url)
    if "+cluster://" in url:
        raise ValidationError("Kue's keys cannot lie in a Redis Cluster: name the Redis of its programs.")


def check_redis_url(url: str) -> None:
    """Refuse one that can be reached from nowhere.

    Raises:
      ValidationError: says what it must be.
    """
    check_given(url)
    scheme, slashes, _ = url.partition("://")
    if not slashes:
        raise ValidationError("it has no scheme: it looks like redis://localhost:6379.")
    if scheme not in REDIS_SCHEMES:
        raise ValidationError(f"the scheme {scheme} is unknown; there are {', '.join(REDIS_SCHEMES)}.")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ValidationError(f"it cannot be read ({error}).") from None
    if scheme == "unix":
        if not parts.path:
            raise ValidationError("it names no socket: it looks like unix:///run/redis.sock.")
        return
    for host, port in _hosts(parts):
        if not host:
            raise ValidationError(f"it names no host: it looks like {scheme}://localhost:6379.")
        if port is not None and not (port.isdecimal() and 0 < int(port) < 65536):
            raise ValidationError("its port is no number from 1 to 65535.")  # it may be half of a password
    if scheme in ("redis", "rediss") and not re.fullmatch("/?[0-9]*", parts.path):
        raise ValidationError(f"after its host stands the number of a database: {scheme}://localhost:6379/0.")
    if scheme.endswith("+sentinel") and not parts.path.strip("/"):
        raise ValidationError(f"it names no master: it looks like {scheme}://localhost:26379/mymaster/0.")


def _hosts(parts: SplitResult) -> Iterator[tuple[str, str | None]]:
    """Each host of a URL, and its port if it names one."""
    for place in parts.netloc.rpartition("@")[2].split(","):
        address, bracket, rest = place.rpartition("]")
        host, colon, port = rest.partition(":")
        yield address + bracket + host, port if colon else None
