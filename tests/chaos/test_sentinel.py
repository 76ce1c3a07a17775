"""What happens to jobs when the sentinels make another server the master."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import dramatiq
import pytest
from dramatiq.brokers.redis import RedisBroker

from osmod.jobs.errors import JobNotQueued
from tests.chaos.counting import in_a_moment
from tests.chaos.load import Accepted
from tests.chaos.senders import sending
from tests.jobs.brokers import boot
from tests.redis_sentinels import SentinelSet
from tests.redis_servers import Server
from tests.waiting import until

Open = Callable[..., RedisBroker]


@pytest.fixture
def behind(sentinels: SentinelSet) -> Iterator[Open]:
    """Opens a broker whose Redis is behind sentinels."""
    opened: list[RedisBroker] = []

    def start(**parameters: object) -> RedisBroker:
        opened.append(boot(sentinels.url, **parameters))
        return opened[-1]

    yield start
    for broker in opened:
        broker.close()


def _send_on(broker: RedisBroker) -> Callable[[str], object]:
    def send(name: str) -> object:
        message: dramatiq.Message[None] = dramatiq.Message(
            "default", "nothing", (name,), {}, {}, message_id=name
        )
        return broker.enqueue(message)

    broker.declare_queue("default")
    return send


def _stored(server: Server) -> set[str]:
    return set(server.ask("ZRANGE", "dramatiq:{default}:ready", 0, -1))


def _offset(server: Server, name: str) -> int:
    return int(server.client.info("replication")[name])


def _has_no_replicas(server: Server) -> bool:
    return "min_slaves_good_slaves:0" in server.ask("INFO replication")


@pytest.mark.parametrize("awake", [0, 1], ids=["all at rest", "one sends"])
def test_sends_after_a_failover_are_not_lost(sentinels: SentinelSet, behind: Open, awake: int) -> None:
    """P1: a master was frozen, another was made, the old one is back: nothing more is sent to the old one.

    For some seconds it takes itself for a master still. What it accepts meanwhile is deleted when the sentinels
    make it a replica; connections that were at rest all the while have noticed nothing.
    """
    accepted: dict[str, Accepted] = {}
    send = _send_on(behind())

    def note(name: str) -> None:
        began = time.time()
        send(name)
        accepted[name] = Accepted(began, time.time(), "default", name)

    with sending(note) as senders:
        senders.rest(but=awake)
        old = sentinels.fail_over("freeze")
        old.thaw()
        senders.go()
        sentinels.await_ready()
        senders.more()
    assert old is not sentinels.master

    lost = accepted.keys() - _stored(sentinels.master)
    # What it answered as it was frozen the replicas may not have had.
    assert set() == {name for name in lost if not in_a_moment(accepted[name], old.taken_away[-1:])}


def test_what_replicas_had_outlives_the_death_of_a_master(sentinels: SentinelSet, behind: Open) -> None:
    """P1: with `min-replicas-to-write`, what was acknowledged is where the new master has it, but for a last moment.

    Redis answers before it replicates: what it acknowledged as it died may be lost, as far as replicas did not have it.
    """
    sentinels.configure(min_replicas_to_write=1, min_replicas_max_lag=1)
    with sending(_send_on(behind()), 4) as senders:
        senders.more()
        safe = len(senders.accepted)
        written = _offset(sentinels.master, "master_repl_offset")
        until(
            lambda: all(_offset(one, "slave_repl_offset") >= written for one in sentinels.replicas),
            what="the replicas have it",
        )
        sentinels.fail_over("kill")
        sentinels.heal()
        again = len(senders.accepted)
        senders.more()

    stored = _stored(sentinels.master)
    assert set() == set(senders.accepted[:safe]) - stored
    assert set() == set(senders.accepted[again:]) - stored


def test_a_planned_failover_loses_nothing_while_writes_are_held_up(
    sentinels: SentinelSet, behind: Open
) -> None:
    """P1: `CLIENT PAUSE … WRITE` on the master, then `SENTINEL FAILOVER`: sends wait, and go to the new one.

    By itself that command holds nothing up: the old master acknowledges for seconds what is then deleted.
    """
    with sending(_send_on(behind(send_patience=20_000)), 4) as senders:
        senders.more()
        sentinels.master.ask("CLIENT PAUSE", 20_000, "WRITE")
        old = sentinels.fail_over("command")
        senders.more()
        old.ask("CLIENT UNPAUSE")
        sentinels.await_ready()
        senders.more()

    assert [] == senders.refused
    assert set() == set(senders.accepted) - _stored(sentinels.master)


def test_a_master_without_replicas_is_left_for_the_new_one(sentinels: SentinelSet, behind: Open) -> None:
    """`min-replicas-to-write`: the old master refuses, and the job goes to the new one within its patience."""
    sentinels.configure(min_replicas_to_write=1, min_replicas_max_lag=1)
    send = _send_on(behind(send_patience=20_000))
    send("before")
    until(
        lambda: sentinels.master.replicates(len(sentinels.replicas), "after-it"), what="the replicas have it"
    )
    old = sentinels.fail_over("freeze")
    old.thaw()
    until(lambda: _has_no_replicas(old))
    send("after")
    sentinels.heal()

    assert {"before", "after"} == _stored(sentinels.master)


def test_a_send_waits_for_replicas(sentinels: SentinelSet, behind: Open) -> None:
    """`min-replicas-to-write`: while no replica answers, `send` waits, and the job is stored once one does."""
    sentinels.configure(min_replicas_to_write=1, min_replicas_max_lag=1)
    send = _send_on(behind(send_patience=20_000))
    master, replicas = sentinels.master, sentinels.replicas
    for replica in replicas:
        replica.freeze()
    until(lambda: _has_no_replicas(master))
    waiting = threading.Thread(target=send, args=("patient",))
    waiting.start()
    refused = int(master.client.info("stats")["total_error_replies"])
    until(lambda: int(master.client.info("stats")["total_error_replies"]) > refused, what="it was refused")
    assert waiting.is_alive()
    assert set() == _stored(master)
    for replica in replicas:
        replica.thaw()
    waiting.join(120)

    assert {"patient"} == _stored(sentinels.master)


def test_a_send_says_that_replicas_are_missing(sentinels: SentinelSet, behind: Open) -> None:
    """`min-replicas-to-write`: when its patience ends, `send` names the reason, and nothing is stored."""
    sentinels.configure(min_replicas_to_write=1, min_replicas_max_lag=1)
    send = _send_on(behind(send_patience=200))
    master = sentinels.master
    for replica in sentinels.replicas:
        replica.freeze()
    until(lambda: _has_no_replicas(master))

    with pytest.raises(JobNotQueued, match="NOREPLICAS"):
        send("in-vain")
    assert set() == _stored(master)


@pytest.mark.timed
def test_sentinels_that_hang_hold_up_no_master_that_is_well(sentinels: SentinelSet, behind: Open) -> None:
    """All sentinels are frozen: they are asked in vain now and then, not before and after every command."""
    send = _send_on(behind())
    send("first")
    for sentinel in sentinels.sentinels:
        sentinel.freeze()
    began = time.monotonic()
    # The longest that the master is believed, and one round of sentinels that do not answer.
    until(lambda: _took_long(send), what="the sentinels are asked")
    for number in range(3):
        send(f"while-they-hang-{number}")
    seconds = time.monotonic() - began
    for sentinel in sentinels.sentinels:
        sentinel.kill()  # One that was merely woken does nothing for half a minute (TILT).

    assert seconds < 10


def test_sentinels_that_were_set_up_anew_are_believed(sentinels: SentinelSet, behind: Open) -> None:
    """They count failovers from nought again: no reason to take them, all together, for stale for ever."""
    broker = behind(send_patience=20_000)
    send = _send_on(broker)
    sentinels.fail_over("kill")
    sentinels.heal()
    send("before")
    sentinels.forget()
    broker.close()
    send("after")

    assert {"before", "after"} == _stored(sentinels.master)


def _took_long(send: Callable[[str], object]) -> bool:
    began = time.monotonic()
    send(str(began))
    return time.monotonic() - began > 1
