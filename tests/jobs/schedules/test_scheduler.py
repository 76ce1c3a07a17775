"""The scheduler: each slot once, whoever is up, whatever was changed."""

from __future__ import annotations

import pytest

from osmod.jobs.schedules import cron, every, list_schedules

from .conftest import NOON, begin, run, work


def test_a_slot_is_sent_once_by_any_number_of_schedulers(make_broker, make_scheduler, clock) -> None:
    """Three schedulers, one message a slot, and the slot stands in its `scheduled_at`."""
    brokers = [make_broker(("beat", every("10 minutes"))) for _ in range(3)]
    schedulers = [make_scheduler(broker) for broker in brokers]
    for _ in range(60):
        clock.advance(minutes=1)
        for scheduler in schedulers:
            scheduler.step()
        for broker in brokers:
            work(broker)
    sent = [message for broker in brokers for message in broker.sent]
    expected = [
        f"2026-03-02T{time}:00+00:00" for time in ("12:10", "12:20", "12:30", "12:40", "12:50", "13:00")
    ]
    assert expected == [message.options["scheduled_at"] for message in sent]


def test_step_says_when_there_is_something_to_do(make_broker, make_scheduler) -> None:
    """The loop sleeps until the next slot, whichever schedule it belongs to."""
    broker = make_broker(("slow", every("1 hour")), ("fast", every("7 minutes")))
    assert make_scheduler(broker).step() == every("7 minutes").next_after(NOON)


def test_a_restart_inside_the_minute_sends_nothing_again(make_broker, make_scheduler, clock) -> None:
    """periodiq sends again whenever it starts in the minute of a slot."""
    broker = make_broker(("beat", cron("* * * * *")))
    make_scheduler(broker).step()
    clock.advance(minutes=1)
    make_scheduler(broker).step()
    work(broker)
    clock.advance(seconds=20)
    make_scheduler(broker).step()
    assert broker.slots() == ["12:01:00"]


def test_a_slot_is_not_lost_in_a_restart(make_broker, make_scheduler, clock) -> None:
    """A slot lasts its minute: a scheduler that was just being restarted still sends it."""
    broker = make_broker(("beat", cron("* * * * *")), ("fast", every("10 seconds")))
    make_scheduler(broker).step()
    clock.advance(seconds=75)
    make_scheduler(broker).step()
    assert broker.slots("beat") == ["12:01:00"]
    assert broker.slots("fast") == []


def test_the_first_run_comes_at_the_first_slot_after_the_start(make_broker, make_scheduler, clock) -> None:
    """Started late in a minute, a new schedule runs at the next one: none is skipped, none is old."""
    clock.advance(seconds=58)
    broker = make_broker(("beat", cron("* * * * *")))
    scheduler = make_scheduler(broker)
    clock.advance(seconds=2)
    scheduler.step()
    assert broker.slots() == ["12:01:00"]


@pytest.mark.parametrize(("catch_up", "expected"), [(False, ["16:00:00"]), (True, ["15:00:00", "16:00:00"])])
def test_what_was_missed_while_no_scheduler_was_up(
    make_broker, make_scheduler, clock, catch_up, expected
) -> None:
    """Without `catch_up` nothing is made up for, with it one run is, however many were missed."""
    broker = make_broker(("hourly", every("1 hour", catch_up=catch_up)))
    make_scheduler(broker).step()
    clock.advance(hours=3, minutes=5)
    scheduler = make_scheduler(broker)
    scheduler.step()
    work(broker)
    clock.advance(minutes=55)
    scheduler.step()
    assert expected == broker.slots()


def test_a_changed_interval_is_in_force_after_a_restart(make_broker, make_scheduler, clock) -> None:
    """Nothing of the old one remains: not its slots, not what it missed, not its scheduler elsewhere."""
    old = make_broker(("beat", every("10 minutes", catch_up=True)))
    other = make_broker(("beat", every("10 minutes", catch_up=True)))
    still_up, elsewhere = make_scheduler(old), make_scheduler(other)
    still_up.step()
    elsewhere.step()
    clock.advance(hours=2, minutes=1)
    new = make_broker(("beat", every("25 minutes", catch_up=True)))
    restarted = make_scheduler(new)
    for _ in range(60):
        for scheduler in (restarted, still_up, elsewhere):
            scheduler.step()
        work(new)
        clock.advance(minutes=1)
    assert new.slots() == ["14:25:00", "14:50:00"]
    assert [*old.sent, *other.sent] == []
    assert [state.spec for state in list_schedules(new)] == ["every 25 minutes"]


def test_a_removed_schedule_leaves_no_trace(make_broker, make_scheduler, clock, redis_client) -> None:
    """A schedule that is no longer in the code is gone from Redis, and an old scheduler leaves it alone."""
    old = make_broker(("beat", every("10 minutes")), ("gone", every("10 minutes")))
    still_up = make_scheduler(old)
    still_up.step()
    assert len(redis_client.keys("*gone*")) == 1
    make_scheduler(make_broker(("beat", every("10 minutes")))).step()
    clock.advance(minutes=10)
    still_up.step()
    assert [message.actor_name for message in old.sent] == ["beat"]
    assert redis_client.keys("*gone*") == []
    assert all("gone" not in redis_client.hgetall(key) for key in redis_client.keys("*.names"))


def test_runs_do_not_overlap(make_broker, make_scheduler, clock) -> None:
    """While a run waits or runs no other is sent; the first slot after its end has one again."""
    broker = make_broker(("slow", every("10 minutes")))
    scheduler = make_scheduler(broker)
    for minutes in (10, 10):
        clock.advance(minutes=minutes)
        scheduler.step()
    assert broker.slots() == ["12:10:00"]
    end = begin(broker, broker.sent[0])
    clock.advance(minutes=10)
    scheduler.step()
    assert broker.slots() == ["12:10:00"]
    end()
    clock.advance(minutes=10)
    scheduler.step()
    assert broker.slots() == ["12:10:00", "12:40:00"]
    assert list_schedules(broker)[0].overlaps == 2


def test_a_retried_run_is_not_done(make_broker, make_scheduler, clock) -> None:
    """A run that failed and will be retried still holds the schedule; failed for good it does not."""
    broker = make_broker(("slow", every("10 minutes")))
    scheduler = make_scheduler(broker)
    clock.advance(minutes=10)
    scheduler.step()
    first = broker.sent[0]
    run(broker, first, error=OSError("away"))  # enqueued again by Retries, which is recorded as sent
    assert list_schedules(broker)[0].last_outcome == "retrying"
    retry = broker.sent.pop()
    clock.advance(minutes=10)
    scheduler.step()
    assert broker.slots() == ["12:10:00"]
    run(broker, retry, error=OSError("still away"))
    assert list_schedules(broker)[0].last_outcome == "failed"
    assert list_schedules(broker)[0].last_error == "OSError: still away"
    clock.advance(minutes=10)
    scheduler.step()
    assert broker.slots() == ["12:10:00", "12:30:00"]


def test_runs_overlap_where_that_is_wanted(make_broker, make_scheduler, clock) -> None:
    """`overlap=True` sends every slot."""
    broker = make_broker(("slow", every("10 minutes", overlap=True)))
    scheduler = make_scheduler(broker)
    for _ in range(3):
        clock.advance(minutes=10)
        scheduler.step()
    assert broker.slots() == ["12:10:00", "12:20:00", "12:30:00"]


def test_a_cancelled_run_frees_its_schedule(make_broker, make_scheduler, clock) -> None:
    """With `is_open` a job that no longer exists holds up nothing, without it for a day at most."""
    asked = []

    def is_open(_, queue_name, message_id):
        asked.append((queue_name, message_id))
        return len(asked) < 2

    broker = make_broker(("slow", every("10 minutes")), is_open=is_open)
    scheduler = make_scheduler(broker)
    for _ in range(3):
        clock.advance(minutes=10)
        scheduler.step()
    assert broker.slots() == ["12:10:00", "12:30:00"]
    assert asked == [("default", broker.sent[0].message_id)] * 2


def test_a_run_that_says_nothing_holds_up_the_next_for_a_day_at_most(
    make_broker, make_scheduler, clock
) -> None:
    """A purged job frees its schedule in the end, whatever the broker knows."""
    broker = make_broker(("daily", every("6 hours")))
    scheduler = make_scheduler(broker)
    for _ in range(6):
        clock.advance(hours=6)
        scheduler.step()
    assert [message.options["scheduled_at"][:13] for message in broker.sent] == [
        "2026-03-02T18",
        "2026-03-03T18",
    ]


def test_a_schedule_over_a_clock_change(make_broker, make_scheduler, clock) -> None:
    """The night of 2026-10-25 in Amsterdam: one run at 02:30, every half hour in between."""
    clock.time = NOON.replace(month=10, day=24, hour=22)
    broker = make_broker(
        ("nightly", cron("30 2 * * *", tz="Europe/Amsterdam")),
        ("often", cron("*/30 * * * *", tz="Europe/Amsterdam", overlap=True)),
    )
    scheduler = make_scheduler(broker)
    for _ in range(6 * 4):
        clock.advance(minutes=15)
        scheduler.step()
    assert broker.slots("nightly") == ["00:30:00"]
    assert len(broker.slots("often")) == 12
