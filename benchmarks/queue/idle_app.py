"""Four queues, for a worker that has nothing to do."""

import os

import dramatiq

from osmod.jobs.broker import JobBroker

broker = JobBroker(url=os.environ["CHAOS_URL"])
dramatiq.set_broker(broker)
for name in ("one", "two", "three", "four"):
    dramatiq.actor(lambda: None, actor_name=name, queue_name=name)
