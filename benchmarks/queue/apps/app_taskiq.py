"""The no-op job on taskiq."""

import os
from contextlib import asynccontextmanager

import drive
import sink
from taskiq_redis import RedisStreamBroker

broker = RedisStreamBroker(url=os.environ["REDIS_URL"])


@broker.task(task_name="noop")
async def noop(sent: int = 0) -> None:
    sink.mark(sent)


@asynccontextmanager
async def connected():
    await broker.startup()
    yield
    await broker.shutdown()


if __name__ == "__main__":
    drive.coroutine(noop.kiq, connected())
