"""The user of `osmod kue`: it may do what the bridge to Kue does, and no more."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing

import dramatiq
import pytest
from redis.exceptions import RedisError

from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import JobNotQueued
from osmod.kue.bridge import Bridge
from osmod.kue.keys import KueQueue
from osmod.kue.telling import Teller
from tests.kue.stand_in import queue_job
from tests.redis_servers import Server
from tests.rights.bridge import bridge
from tests.rights.page import granted, make_user
from tests.rights.roles import Refused
from tests.rights.test_rights import ALWAYS, NAMED, given, scripts_run, url_of
from tests.waiting import until

__all__ = ["scripts_run"]


def test_it_may_do_what_it_does_and_no_more(
    server: Server, scripts_run: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is refused, and there is no right that nothing in it asks for."""
    url = url_of(server, make_user(server.client, "kue"))
    server.client.execute_command("ACL", "LOG", "RESET")
    bridge(url, server.url, lambda: bool(NAMED.search(caplog.text)))
    needed = given(server.client) | {command.lower() for command in scripts_run}
    assert [] == [(row["object"], row["context"]) for row in server.client.acl_log()]
    by_the_test = {"config|resetstat", "acl|log", "info", "multi", "exec"}
    assert needed - ALWAYS - by_the_test == granted("kue")


@pytest.mark.parametrize("command", sorted(granted("kue")))
def test_a_right_that_is_missing_is_named(
    server: Server, caplog: pytest.LogCaptureFixture, command: str
) -> None:
    """Whichever it is."""
    url = url_of(server, make_user(server.client, "kue", f"-{command}"))
    said = ""
    try:
        bridge(url, server.url, lambda: bool(NAMED.search(caplog.text)))
    except (AssertionError, JobNotQueued, RedisError, Refused) as error:
        said = str(error)
    assert re.search(rf"\b{command}\b", said + caplog.text, re.IGNORECASE), said + caplog.text
    assert NAMED.search(said + caplog.text)


def test_two_servers(server: Server, own_server: Callable[..., Server]) -> None:
    """Each user needs the keys of its own server alone."""
    kues = own_server()
    ours = url_of(server, make_user(server.client, "kue", "resetkeys", "~dramatiq:*", "resetchannels"))
    users = ("kue", "resetkeys", "~q:*", "~promotion:lock")
    theirs = url_of(kues, make_user(kues.client, *users))
    with closing(JobBroker(url=ours)) as broker, closing(KueQueue.at(theirs)) as kue:
        dramatiq.set_broker(broker)
        dramatiq.actor(actor_name="note")(lambda number=0: None)
        with closing(KueQueue.at(kues.url)) as anybody:
            queue_job(anybody, "note", {})
        one = Bridge(broker, kue)
        one.start()
        until(lambda: kues.client.zcard(kue.held) == 1 or not one.goes_on)
        Teller(broker, kue).look(0)
        one.stop()
        one.wait()
        assert 1 == broker.do_qsize("default")
