"""The no-op job on this project's broker."""

import os

import dramatiq
import drive
import sink

from osmod.jobs.broker import JobBroker

broker = JobBroker(url=os.environ["REDIS_URL"])
dramatiq.set_broker(broker)
noop = dramatiq.actor(sink.mark, actor_name="noop")

if __name__ == "__main__":
    drive.sync(noop.send, lambda jobs: broker.send_many([noop.message() for _ in range(jobs)]))
