"""The queue's Lua scripts, run by their digest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from osmod.jobs.link import Link, Links, Reply, ServerError, pack

_FOLDER = Path(__file__).parent / "lua"


class Script:
    """One script, with `_prelude.lua` before it, for the keys of one queue at a time.

    `shared` are further parts that stand between the two.
    """

    def __init__(self, name: str, *shared: str) -> None:
        self.name = name
        parts = ("_prelude", *shared, name)
        self.source = b"".join((_FOLDER / f"{part}.lua").read_bytes() for part in parts)
        digest = hashlib.sha1(self.source, usedforsecurity=False).hexdigest().encode()
        self._by_digest = pack([b"EVALSHA", digest])
        self._by_source = pack([b"EVAL", self.source])

    def run(
        self,
        link: Link | Links,
        base: bytes,
        arguments: Iterable[bytes],
        meanwhile: Callable[[], object] | None = None,
    ) -> Reply:
        """Run it on the queue whose keys begin with `base`. `meanwhile` is called while the server runs it.

        A server that does not know the script, being new or restarted, is sent its source: it refused
        before running anything, so nothing runs twice.
        """
        packed = [b"$%d\r\n%b\r\n" % (len(argument), argument) for argument in arguments]
        tail = b"$1\r\n1\r\n$%d\r\n%b\r\n" % (len(base), base) + b"".join(packed)
        head = b"*%d\r\n" % (4 + len(packed))
        try:
            return link.call(head + self._by_digest + tail, meanwhile)
        except ServerError as error:
            if error.code != "NOSCRIPT":
                raise
        return link.call(head + self._by_source + tail)


ENQUEUE = Script("enqueue")
EXCHANGE = Script("exchange")
EXTEND = Script("extend")
BEGIN = Script("begin")
RECLAIM = Script("reclaim")
PURGE = Script("purge")
PAUSE = Script("pause")
CANCEL = Script("cancel")
RATE = Script("rate")
INSPECT = Script("inspect")
INSPECT_UNIQUE = Script("inspect_unique")
