"""Lua scripts, run by their digest."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from osmod.jobs.errors import RedisUnusable
from osmod.jobs.wire.link import OUTAGES, Link
from osmod.jobs.wire.links import Links
from osmod.jobs.wire.refusals import too_long, wrong_type
from osmod.jobs.wire.resp import Reply, ServerError, pack

_PRELUDE = Path(__file__).parent / "lua" / "_prelude.lua"
_FUNCTION = re.compile(r"^local function (\w+)\(.*?^end$", re.MULTILINE | re.DOTALL)
_CALL = re.compile(r"\b(\w+)\(")
_COMMAND = re.compile(r"\b(?:call|try)\(\s*'([A-Za-z]+)'")
#: What Redis says of a right that a script lacks; the second is 6.2's.
_NO_RIGHT = re.compile("ACL failure in script|user executing the script can't")

#: What Redis says of a string above its `proto-max-bulk-len`, which can be no smaller than so many bytes.
_TOO_LONG, _LEAST_LIMIT = "invalid bulk length", 1_048_576
#: Seconds in which Redis says so of a length that it is told.
_SAID = 0.5

#: Which of the commands in ARGV the user may not run on the queue's keys. Redis 6.2 cannot say.
#: Whatever a command takes, it gets keys: some take nothing else. Redis 8 wants no more of them than it takes.
_FORBIDDEN = b"""
local key, forbidden = KEYS[1] .. 'key', {}
local keys = {key, key, key, key}
local function allowed(command)
    local asked, answer
    for given = #keys, 0, -1 do
        asked, answer = pcall(redis.acl_check_cmd, command, unpack(keys, 1, given))
        if asked then return answer end
    end
    error(answer)
end
for _, command in ipairs(redis.acl_check_cmd and ARGV or {}) do
    if not allowed(command) then
        forbidden[#forbidden + 1] = command
    end
end
return forbidden
"""

#: By what a key's type is told: TYPE is a right that none of our programs needs, and these are of the scripts.
_PROBES = {"zset": (b"ZCARD",), "hash": (b"HGET", b"arrivals"), "list": (b"LLEN",)}


class Script:
    """One script, for keys with one beginning at a time, such as those of a queue.

    A script may not be stopped halfway by a right that is missing. So before a process runs it on such keys for
    the first time, Redis is asked whether the user may run all its commands.

    Parameters:
      path: its file, beside the Python that calls it.
      shared: further parts that stand before it.
      prelude: what stands before everything. Default: that of the queues.
    """

    def __init__(self, path: Path, *shared: Path, prelude: Path = _PRELUDE) -> None:
        self.name = path.stem
        parts = [part.read_text(encoding="utf-8") for part in (prelude, *shared, path)]
        self.source = "".join(parts).encode()
        #: The Redis commands that it, or one of those that go along, may run.
        self.commands = sorted(commands_in(parts[-1], "".join(parts[:-1])))
        digest = hashlib.sha1(self.source, usedforsecurity=False).hexdigest().encode()
        self._by_digest = pack([b"EVALSHA", digest])
        self._by_source = pack([b"EVAL", self.source])

    def along(self, *scripts: Script) -> Script:
        """Have rights asked for with its own that are those of scripts without which it should not be run."""
        self.commands = sorted({*self.commands, *(command for one in scripts for command in one.commands)})
        return self

    def run(
        self,
        link: Link | Links,
        base: bytes,
        arguments: Iterable[bytes],
        meanwhile: Callable[[], object] | None = None,
    ) -> Reply:
        """Run it on the keys that begin with `base`. `meanwhile` is called while the server runs it.

        A server that does not know the script, being new or restarted, is sent its source: it refused
        before running anything, so nothing runs twice.

        Raises:
          RedisUnusable: a right is missing, an argument is too long, or another program wrote to the keys.
          ServerError, redis.ConnectionError, redis.TimeoutError, OSError: as `Link.call`.
        """
        if (self.name, base) not in link.route.permitted:
            self._ask_leave(link, base)
        packed = [b"$%d\r\n%b\r\n" % (len(argument), argument) for argument in arguments]
        # The one key that is named is never there. While a slot of a Cluster moves, its old master sends whoever
        # asks for a missing key away (ASK), and routes do not follow: so no script runs on one half of a queue.
        tail = b"$1\r\n1\r\n$%d\r\n%b\r\n" % (len(base), base) + b"".join(packed)
        head = b"*%d\r\n" % (4 + len(packed))
        try:
            try:
                return link.call(base, head + self._by_digest + tail, meanwhile)
            except ServerError as error:
                if error.code != "NOSCRIPT":
                    raise
            return link.call(base, head + self._by_source + tail)
        except ServerError as error:
            if "WRONGTYPE" in str(error):
                raise RedisUnusable(wrong_type(base.decode(), _fitting(link, base))) from error
            if _NO_RIGHT.search(str(error)):
                raise link.route.forbidden(str(error)) from error
            if _TOO_LONG in str(error):
                raise RedisUnusable(too_long(_longest(packed))) from error
            raise
        except OUTAGES as error:
            # Redis closes the connection on what is too long, mostly before its answer has been read.
            longest = _longest(packed)
            if (
                longest > _LEAST_LIMIT
                and not isinstance(error, RedisUnusable)
                and _refuses(link, base, longest)
            ):
                raise RedisUnusable(too_long(longest)) from error
            raise

    def forbidden(self, link: Link | Links, base: bytes) -> list[str]:
        """Which of its commands this user may not run on keys that begin with `base`.

        Raises:
          ServerError, redis.RedisError, OSError: as `Link.call`.
        """
        words = [b"EVAL", _FORBIDDEN, b"1", base, *(command.encode() for command in self.commands)]
        return [command.decode() for command in link.call(base, b"*%d\r\n" % len(words) + pack(words))]

    def _ask_leave(self, link: Link | Links, base: bytes) -> None:
        if forbidden := self.forbidden(link, base):
            raise link.route.forbidden(f"{', '.join(forbidden)} on keys that begin with {base.decode()}")
        link.route.permitted.add((self.name, base))


def commands_in(script: str, shared: str = "") -> set[str]:
    """The Redis commands in a script, and in those functions that it uses of what stands before it."""
    functions = {match[1]: match[0] for match in _FUNCTION.finditer(shared)}
    used = [script, _FUNCTION.sub("", shared)]
    for text in used:
        for name in functions.keys() & set(_CALL.findall(text)):
            used.append(functions.pop(name))
    return {command.upper() for text in used for command in _COMMAND.findall(text)}


def _longest(packed: list[bytes]) -> int:
    """The bytes of the longest of some bulk strings, each of which begins with its length."""
    return max((int(one[1 : one.index(b"\r")]) for one in packed), default=0)


def _refuses(link: Link | Links, base: bytes, size: int) -> bool:
    """Whether Redis refuses a string of so many bytes. It is told the length alone, and answers only to refuse."""
    asked = Link(link.route)
    try:
        asked.send(base, b"*2\r\n$4\r\nECHO\r\n$%d\r\n" % size)
        if asked.readable(_SAID):
            asked.receive()
    except ServerError as error:
        return _TOO_LONG in str(error)
    except OUTAGES:
        return False
    finally:
        asked.close()
    return False


def _fitting(link: Link | Links, base: bytes) -> Callable[[str, str], bool]:
    def fits(key: str, kind: str) -> bool:
        command, *further = _PROBES[kind]
        words = [command, key.encode(), *further]
        try:
            link.call(base, b"*%d\r\n" % len(words) + pack(words))
        except ServerError as error:
            return error.code != "WRONGTYPE"
        return True

    return fits
