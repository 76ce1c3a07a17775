"""The no-op job on streaq."""

import os

import drive
import sink
from streaq import Worker

worker = Worker(redis_url=os.environ["REDIS_URL"], concurrency=50)


@worker.task(name="noop", ttl=0)
async def noop(sent: int = 0) -> None:
    sink.mark(sent)


if __name__ == "__main__":
    drive.coroutine(noop.enqueue, worker)
