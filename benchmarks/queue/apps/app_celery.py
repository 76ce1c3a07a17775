"""The no-op job on celery."""

import os

import drive
import sink
from celery import Celery

app = Celery("bench", broker=os.environ["REDIS_URL"])
app.conf.update(task_ignore_result=True, task_acks_late=True, worker_prefetch_multiplier=64)
noop = app.task(sink.mark, name="noop")

if __name__ == "__main__":
    drive.sync(noop.delay)
