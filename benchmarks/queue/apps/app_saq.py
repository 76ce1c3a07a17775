"""The no-op job on saq."""

import os
from contextlib import asynccontextmanager

import drive
import sink
from saq import Queue

queue = Queue.from_url(os.environ["REDIS_URL"])


async def noop(ctx, *, sent=0):
    sink.mark(sent)


settings = {"queue": queue, "functions": [noop], "concurrency": 50}


@asynccontextmanager
async def connected():
    await queue.connect()
    yield
    await queue.disconnect()


if __name__ == "__main__":
    drive.coroutine(lambda sent: queue.enqueue("noop", sent=sent, ttl=-1), connected())
