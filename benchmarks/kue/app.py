"""The no-op job of Kue's benchmark on this project's broker: `dramatiq app` works, `python app.py` is the bridge."""

import os
import signal
import time

import dramatiq

from osmod.jobs.broker import JobBroker
from osmod.kue.bridge import Bridge
from osmod.kue.keys import KueQueue

_done = os.open(os.environ["BENCH_DONE"], os.O_WRONLY | os.O_APPEND)
_waits = os.open(os.environ["BENCH_WAITS"], os.O_WRONLY | os.O_APPEND)

broker = JobBroker(url=os.environ["REDIS_URL"])
dramatiq.set_broker(broker)


@dramatiq.actor(broker=broker)
def noop(sent: str) -> None:
    """Leave a byte in one file, or the nanoseconds it waited, by Node's clock, in another."""
    if sent:
        os.write(_waits, b"%d\n" % (time.monotonic_ns() - int(sent)))
    else:
        os.write(_done, b".")


if __name__ == "__main__":
    bridge = Bridge(broker, KueQueue.at(os.environ["REDIS_URL"]))
    signal.signal(signal.SIGTERM, lambda number, frame: bridge.stop(0.0))
    bridge.start()
    bridge.wait()
    bridge.stop()
