"""Everything that `osmod kue` does to Redis, done once."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import closing
from unittest.mock import patch

import dramatiq
import redis
from click.testing import CliRunner

from osmod.cli import main
from osmod.jobs.broker import JobBroker
from osmod.jobs.setup import default_middleware
from osmod.kue.bridge import Bridge
from osmod.kue.keys import KueQueue
from osmod.kue.telling import Teller
from osmod.settings import get_settings
from tests.kue.stand_in import queue_job
from tests.rights.roles import Refused
from tests.waiting import until

#: What an operator does, in this order; each finds something to do.
COMMANDS = ("status", "drain --type note --yes", "rescue --silent 1s --yes")


def bridge(url: str, anybody: str, troubled: Callable[[], bool]) -> None:
    """Take jobs, tell of them, be rid of one that is gone from Kue; then `COMMANDS`.

    Parameters:
      url, anybody: the server as the bridge's user reaches it, and as somebody who may do all.
    """
    with closing(KueQueue.at(anybody)) as theirs:
        kept, gone = queue_job(theirs, "note", {"number": 1}), queue_job(theirs, "note", {"number": 2})
        now = int(time.time() * 1000)
        queue_job(theirs, "note", {}, state="delayed", score=now, promote_at=now)
        theirs.client.config_resetstat()
        with _broker(url) as broker, closing(KueQueue.at(url)) as kue:
            _bridge(Bridge(broker, kue), theirs, troubled)
            theirs.client.delete(theirs.job(gone))
            Teller(broker, kue).look(0)
            assert b"active" == theirs.client.hget(theirs.job(kept), "state")
        queue_job(theirs, "note", {})
        queue_job(
            theirs, "note", {}, state="active", workerId="kue:host:1:note:1", updated_at=1, started_at=1
        )
        theirs.client.set("q:scheduler:data:note", '{"type": "note", "reccurInterval": "1 hour"}')
    _operate(url)


def _broker(url: str) -> closing[JobBroker]:
    broker = JobBroker(url=url, middleware=default_middleware(get_settings()))
    broker.emit_after("process_boot")
    dramatiq.set_broker(broker)
    dramatiq.actor(actor_name="note")(lambda number=0: None)
    return closing(broker)


def _bridge(one: Bridge, theirs: KueQueue, troubled: Callable[[], bool]) -> None:
    one.start()
    try:
        until(lambda: theirs.client.zcard(theirs.held) == 3 or troubled() or not one.goes_on)
        until(lambda: _both_sleep(theirs.client) or troubled() or not one.goes_on)
    finally:
        one.stop()
    one.wait()


def _both_sleep(client: redis.Redis) -> bool:
    """Whether it waits for jobs of Kue's, and for events of ours."""
    return bool(client.info("clients")["blocked_clients"] == 2)


def _operate(url: str) -> None:
    with patch.dict(os.environ, {"KUE_URL": url, "REDIS_URL": url}), _broker(url):
        get_settings.cache_clear()
        for command in COMMANDS:
            result = CliRunner().invoke(main, ["kue", *command.split()], prog_name="osmod")
            if result.exit_code:
                raise Refused(f"{command}: {result.output}") from result.exception
    get_settings.cache_clear()
