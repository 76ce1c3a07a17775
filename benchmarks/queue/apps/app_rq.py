"""The no-op job on rq."""

import logging
import os
import sys

import drive
import sink
from redis import Redis
from rq import Queue, SimpleWorker

connection = Redis.from_url(os.environ["REDIS_URL"])
queue = Queue("bench", connection=connection)

if __name__ == "__main__":
    if sys.argv[1] == "work":
        logging.disable(logging.CRITICAL)
        SimpleWorker([queue], connection=connection).work(logging_level="CRITICAL")
    else:
        drive.sync(lambda sent: queue.enqueue(sink.mark, sent, result_ttl=0))
