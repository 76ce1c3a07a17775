"""The no-op job on arq."""

import os
from contextlib import asynccontextmanager

import drive
import sink
from arq import create_pool
from arq.connections import RedisSettings

settings = RedisSettings.from_dsn(os.environ["REDIS_URL"])
pool = None


async def noop(ctx, sent=0):
    sink.mark(sent)


class WorkerSettings:
    functions = [noop]
    redis_settings = settings
    keep_result = 0
    max_jobs = 100
    poll_delay = 0.05


@asynccontextmanager
async def connected():
    global pool
    pool = await create_pool(settings)
    yield


if __name__ == "__main__":
    drive.coroutine(lambda sent: pool.enqueue_job("noop", sent), connected())
