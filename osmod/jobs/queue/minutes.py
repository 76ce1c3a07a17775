"""What a queue has counted, noted once a minute: it costs nothing a job, and a day of it is one small key."""

from __future__ import annotations

from collections.abc import Iterable

from osmod.jobs.queue.scripts import MINUTE
from osmod.jobs.wire.queues import Queues

#: Minutes that are kept: a day, and one to count from.
KEPT = 24 * 60 + 1


def note_minute(broker: Queues, queues: Iterable[str]) -> None:
    """Note what these queues have counted, unless somebody has in this minute. Every worker process does.

    Raises:
      redis.RedisError, OSError: Redis is away.
    """
    for name in queues:
        MINUTE.run(broker.links, broker.key_base(name), [b"%d" % KEPT])
