"""The no-op job on Dramatiq's own Redis broker."""

import os

import dramatiq
import drive
import sink
from dramatiq.brokers.redis import RedisBroker

dramatiq.set_broker(RedisBroker(url=os.environ["REDIS_URL"]))
noop = dramatiq.actor(sink.mark, actor_name="noop")

if __name__ == "__main__":
    drive.sync(noop.send)
