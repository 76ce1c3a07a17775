"""Which queues this process sends to, for those who do not declare them and would look for their jobs."""

from __future__ import annotations

import time

from osmod.jobs.messages.bounds import WORKERS_NAME
from osmod.jobs.queue.scripts import KNOWN
from osmod.jobs.wire.link import curable
from osmod.jobs.wire.links import Links
from osmod.jobs.wire.queues import Queues

#: Seconds after which it is said again.
NOTED = 3600.0


class Destinations:
    """Tells Redis of each queue that jobs are sent to, once an hour."""

    def __init__(self, broker: Queues, links: Links) -> None:
        self._broker, self._links = broker, links
        #: By queue, until when it is known.
        self._until: dict[str, float] = {}

    def note(self, queue_name: str) -> None:
        """Have a queue known, a job of which was just stored. Where that fails the next job's sender tries again."""
        now = time.monotonic()
        if now < self._until.get(queue_name, 0.0):
            return
        try:
            KNOWN.run(self._links, self._broker.key_base(WORKERS_NAME), [queue_name.encode()])
        except Exception as error:
            if not curable(error):
                raise
        else:
            self._until[queue_name] = now + NOTED
