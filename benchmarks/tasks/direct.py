"""`python -m benchmarks.tasks.direct JSON`: run jobs in threads of this process, without a queue, and print their cost.

The object has `url`, `task`, `threads` and `comments`, one job for each; those of the first are not counted.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.tasks.calls import CALLS
from benchmarks.tasks.spent import Server, seconds

#: Jobs before those that are counted.
WARM_UP = 40


def main() -> None:
    """Run and print."""
    what = json.loads(sys.argv[1])
    os.environ |= {"DATABASE_URL": what["url"], "WORKER_RUN_IMMEDIATELY": "true"}
    logging.disable()
    # Only now: to import the actors reads the settings.
    import dramatiq

    from benchmarks.moderation.scene import counted
    from osmod.jobs.inline import InlineBroker
    from osmod.jobs.setup import make_broker
    from osmod.settings import get_settings
    from osmod.task import get_engine

    class Alone(InlineBroker):
        """Runs a job when told to; those that it queues in turn are left out."""

        def enqueue(self, message: Any, *, delay: int | None = None) -> Any:
            return message

        def process(self, message: Any) -> None:
            super().enqueue(message)

    broker = Alone()
    broker.actor_options |= make_broker(get_settings()).actor_options
    dramatiq.set_broker(broker)
    import actors

    assert actors.__all__
    actor = broker.get_actor(what["task"])
    messages = [actor.message(**CALLS[what["task"]](comment)) for comment in what["comments"]]
    server = Server(what["url"])
    with counted(get_engine()) as sent:
        _run(broker.process, messages[:WARM_UP], what["threads"])
        before = sent(), server.statements(), _times(server)
        _run(broker.process, messages[WARM_UP:], what["threads"])
        after = sent(), server.statements(), _times(server)
    server.close()
    jobs = len(messages) - WARM_UP
    seen, told = ((after[n] - before[n]) / jobs for n in (0, 1))
    wall, python, database = ((now - then) / jobs for now, then in zip(after[2], before[2], strict=True))
    result = {"rate": 1 / wall, "statements": told or seen, "python": python, "database": database}
    print(json.dumps(result))


def _run(process: Callable[[Any], Any], messages: Sequence[Any], threads: int) -> None:
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(process, messages))


def _times(server: Server) -> tuple[float, float, float]:
    return time.perf_counter(), time.process_time(), seconds([server.process])


if __name__ == "__main__":
    main()
