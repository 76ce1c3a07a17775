"""Events of jobs for any number of readers, from one watch on Redis a process."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import math
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import redis

from osmod.jobs.broker import JobBroker
from osmod.jobs.events import JobEvent, JobEventKind, Watch, place, told_between

_log = logging.getLogger(__name__)

#: Events by which a reader may lag before it is dropped, and those that it is sent in one piece.
ROOM = 1_000
PIECE = 200
#: Seconds after which a reader that has been told nothing hears that all is well.
HEARTBEAT = 15.0
#: Seconds after which a reader has to come back, so that whether it may is asked again.
LONGEST = 600.0
#: Milliseconds after which a browser that lost its stream asks again.
RETRY = 3_000

#: For each queue, the entry of the last event that somebody was told of.
Positions = dict[str, str]
Wants = Callable[[JobEvent], bool]


class BadPosition(ValueError):
    """A `Last-Event-ID` that no event here came with."""


def written(positions: Positions) -> str:
    """Positions as the id of an event."""
    return base64.urlsafe_b64encode(json.dumps(positions).encode()).decode().rstrip("=")


def read(text: str) -> Positions:
    """The positions in the id of an event.

    Raises:
      BadPosition: it is none.
    """
    try:
        positions = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        for entry in positions.values():
            place(entry)
    except (ValueError, TypeError, AttributeError):
        raise BadPosition(f"{text[:40]!r} is none that an event came with; send none to begin now") from None
    return dict(positions)


@dataclass(frozen=True)
class Told:
    """An event, and where whoever has read it stands."""

    event: JobEvent
    frame: bytes


def tell(event: JobEvent, positions: Positions) -> Told:
    """An event in the form of server-sent events. `positions` move on to it."""
    positions[event.queue] = event.entry
    data = json.dumps(event.as_dict())
    return Told(event, f"id: {written(positions)}\nevent: {event.kind.value}\ndata: {data}\n\n".encode())


@dataclass(eq=False)
class Reader:
    """One stream.

    Attributes:
      wants: which events it is for.
      joined: where the hub stood when the reader came; what is newer comes by itself.
    """

    wants: Wants
    joined: Positions
    _waiting: asyncio.Queue[Told | None] = field(default_factory=lambda: asyncio.Queue(ROOM + 1))
    _ended: bool = False

    def offer(self, told: Told) -> bool:
        """Have it told of an event. False if it lags too far behind, and is dropped."""
        if self.wants(told.event) and not self._ended:
            if self._waiting.qsize() >= ROOM:
                self.end()
                return False
            self._waiting.put_nowait(told)
        return True

    def end(self) -> None:
        """Let it end, once what waits is read."""
        if not self._ended:
            self._ended = True
            self._waiting.put_nowait(None)

    async def frames(self) -> AsyncIterator[bytes]:
        """What it is told, as it comes, until it ends."""
        until = asyncio.get_running_loop().time() + LONGEST
        while asyncio.get_running_loop().time() < until:
            try:
                async with asyncio.timeout(HEARTBEAT):
                    told = await self._waiting.get()
            except TimeoutError:
                yield b": all is well\n\n"
                continue
            piece: list[bytes] = []
            while told is not None:
                piece.append(told.frame)
                if len(piece) == PIECE or self._waiting.empty():
                    break
                told = self._waiting.get_nowait()
            if piece:
                yield b"".join(piece)
            if told is None:
                return


class _Watcher(threading.Thread):
    """Watches the queues, and hands what it sees to the event loop, as long as nobody stops it."""

    def __init__(self, hub: Hub, watch: Watch) -> None:
        super().__init__(name="job events", daemon=True)
        self._hub, self._watch = hub, watch
        self._loop = asyncio.get_running_loop()
        self._stopping = threading.Event()

    def run(self) -> None:
        """Watch until told to stop."""
        try:
            for found in self._watch.follow(lambda: 0.0 if self._stopping.is_set() else math.inf):
                if found:
                    self._hand_over(self._hub.hand_out, found)
        except (redis.RedisError, OSError) as error:
            _log.error("Events of jobs cannot be followed, their readers are sent away: %s", error)
        finally:
            self._hand_over(self._hub.end_all)

    def stop(self) -> None:
        """End within half a second."""
        self._stopping.set()

    def _hand_over(self, function: Callable[..., None], *told: object) -> None:
        def call() -> None:  # in the event loop, where nobody stops it meanwhile
            if not self._stopping.is_set():
                function(*told)

        if not self._stopping.is_set():
            self._loop.call_soon_threadsafe(call)


class Hub:
    """Tells every reader of this process. Used from the event loop only.

    Redis is watched while there is a reader. One that does not read is dropped, and may come back for what it missed.
    """

    def __init__(self) -> None:
        self.readers: set[Reader] = set()
        self._reached: Positions = {}
        self._watcher: _Watcher | None = None
        self._joining = asyncio.Lock()
        self._at_stop: asyncio.Task[None] | None = None

    async def join(self, broker: JobBroker, wants: Wants, stopping: asyncio.Event) -> Reader:
        """A reader that is told from now on, until the server is to stop.

        Raises:
          redis.RedisError, OSError: Redis is away.
        """
        async with self._joining:
            if self._watcher is None:
                watch = Watch(broker)
                await asyncio.to_thread(watch.begin)
                self._reached = dict(watch.reached)
                self._watcher = _Watcher(self, watch)
                self._watcher.start()
            reader = Reader(wants, dict(self._reached))
            self.readers.add(reader)
        if self._at_stop is None:
            self._at_stop = asyncio.create_task(self._end_at(stopping))
        if stopping.is_set():
            reader.end()
        return reader

    def leave(self, reader: Reader) -> None:
        """A reader is gone."""
        self.readers.discard(reader)
        if not self.readers and not self._joining.locked():
            self._stop_watching()

    async def close(self) -> None:
        """Send all readers away; nothing is watched any more then."""
        watcher = self._watcher
        self.end_all()
        if watcher is not None:
            await asyncio.to_thread(watcher.join)
        if self._at_stop is not None:
            self._at_stop.cancel()

    async def _end_at(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self.end_all()

    def hand_out(self, found: list[JobEvent]) -> None:
        """Tell the readers of what happened."""
        for event in found:
            told = tell(event, self._reached)
            self.readers -= {reader for reader in self.readers if not reader.offer(told)}

    def end_all(self) -> None:
        """Send all readers away."""
        for reader in self.readers:
            reader.end()
        self.readers.clear()
        self._stop_watching()

    def _stop_watching(self) -> None:
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher = None


async def missed(broker: JobBroker, reader: Reader, after: Positions) -> AsyncIterator[bytes]:
    """What a reader missed that comes back, queue by queue: from where it stood to where it joined.

    Raises:
      redis.RedisError, OSError: Redis is away.
    """
    positions = dict(after)
    for queue, upto in reader.joined.items():
        while place(positions.get(queue, "0-0")) < place(upto):
            found = await asyncio.to_thread(
                told_between, broker, queue, positions.get(queue, "0-0"), upto, PIECE
            )
            piece = [
                told.frame for told in (tell(event, positions) for event in found) if reader.wants(told.event)
            ]
            if piece:
                yield b"".join(piece)
            if len(found) < PIECE:
                positions[queue] = upto


def wanting(queues: list[str], actors: list[str], kinds: list[JobEventKind]) -> Wants:
    """Whether an event is of one of these queues, actors and kinds; of an empty list all are."""

    def wants(event: JobEvent) -> bool:
        return (
            (not queues or event.queue in queues)
            and (not actors or event.actor in actors)
            and (not kinds or event.kind in kinds)
        )

    return wants
