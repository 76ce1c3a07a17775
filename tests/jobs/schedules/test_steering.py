"""Schedules listed, run, paused and resumed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from osmod.jobs.schedules import (
    ScheduleBusy,
    UnknownSchedule,
    cron,
    every,
    list_schedules,
    pause,
    resume,
    run_now,
)

from .conftest import NOON, begin, run


def test_schedules_are_listed_by_name(make_broker, make_scheduler, clock) -> None:
    """Spec, words, next and last slot, options; nothing has run yet."""
    broker = make_broker(
        ("nightly", cron("30 2 * * *", tz="Europe/Amsterdam", catch_up=True)),
        ("beat", every("10 minutes")),
    )
    scheduler = make_scheduler(broker)
    clock.advance(minutes=10)
    scheduler.step()
    beat, nightly = list_schedules(broker, now=clock.now())
    assert (beat.name, beat.queue, beat.spec) == ("beat", "default", "every 10 minutes")
    assert (beat.last_slot, beat.next) == (NOON + timedelta(minutes=10), NOON + timedelta(minutes=20))
    assert (beat.waiting, beat.running, beat.last_outcome) == (True, False, None)
    assert (nightly.spec, nightly.words) == (
        "30 2 * * * (Europe/Amsterdam)",
        "At 02:30 every day (Europe/Amsterdam)",
    )
    assert nightly.next == datetime.fromisoformat("2026-03-03T02:30:00+01:00")
    assert (nightly.catch_up, nightly.overlap, nightly.waiting, nightly.last_slot) == (
        True,
        False,
        False,
        None,
    )


def test_the_state_follows_a_run(make_broker, make_scheduler, clock) -> None:
    """Waiting, running, done."""
    broker = make_broker(("beat", every("10 minutes")))
    scheduler = make_scheduler(broker)
    clock.advance(minutes=10)
    scheduler.step()
    states = [list_schedules(broker, now=clock.now())[0]]
    end = begin(broker, broker.sent[0])
    states.append(list_schedules(broker, now=clock.now())[0])
    end()
    states.append(list_schedules(broker, now=clock.now())[0])
    assert [(one.waiting, one.running) for one in states] == [(True, False), (False, True), (False, False)]
    assert states[-1].last_outcome == "done"


def test_a_paused_schedule_sends_nothing(make_broker, make_scheduler, clock) -> None:
    """A pause holds over restarts and changes; what fell into it is not made up for."""
    broker = make_broker(("beat", every("10 minutes", catch_up=True)))
    make_scheduler(broker).step()
    pause(broker, "beat")
    assert list_schedules(broker)[0].paused
    assert list_schedules(broker)[0].next is None
    changed = make_broker(("beat", every("5 minutes", catch_up=True)))
    scheduler = make_scheduler(changed)
    for _ in range(4):
        clock.advance(minutes=5)
        scheduler.step()
    assert changed.sent == []
    resume(changed, "beat")
    clock.advance(minutes=5)
    scheduler.step()
    assert changed.slots() == ["12:25:00"]


def test_a_schedule_can_be_paused_before_any_scheduler_ran(make_broker, make_scheduler, clock) -> None:
    """The pause is there when the first one comes."""
    broker = make_broker(("beat", every("10 minutes")))
    pause(broker, "beat")
    scheduler = make_scheduler(broker)
    clock.advance(minutes=10)
    scheduler.step()
    assert broker.sent == []


def test_a_schedule_is_run_by_hand(make_broker, make_scheduler, clock) -> None:
    """At once, paused or not, outside its slots; it counts as its run, so none overlaps it."""
    broker = make_broker(("beat", every("10 minutes")))
    scheduler = make_scheduler(broker)
    scheduler.step()
    pause(broker, "beat")
    message = run_now(broker, "beat")
    assert broker.sent == [message]
    assert "scheduled_at" not in message.options
    with pytest.raises(ScheduleBusy) as caught:
        run_now(broker, "beat")
    assert f"beat is not run: its last run ({message.message_id}) is not done." == str(caught.value)
    run(broker, message)
    assert list_schedules(broker)[0].last_outcome == "done"
    run_now(broker, "beat")
    assert len(broker.sent) == 2


def test_a_run_by_hand_is_not_held_up_by_a_job_that_is_gone(make_broker) -> None:
    """A cancelled job holds up nothing where the broker can be asked; overlapping schedules never wait."""
    broker = make_broker(("beat", every("10 minutes")), is_open=lambda *_: False)
    other = make_broker(("free", every("10 minutes", overlap=True)))
    for one, name in ((broker, "beat"), (other, "free")):
        run_now(one, name)
        run_now(one, name)
        assert len(one.sent) == 2


@pytest.mark.parametrize("act", [run_now, pause, resume])
def test_an_unknown_schedule_is_named(make_broker, act) -> None:
    """With the one that was meant, or all that there are."""
    broker = make_broker(("heartbeat", every("10 minutes")), ("recount", every("1 day")))
    with pytest.raises(UnknownSchedule) as caught:
        act(broker, "hartbeat")
    assert str(caught.value) == "No schedule 'hartbeat': did you mean 'heartbeat'?"
    with pytest.raises(UnknownSchedule) as caught:
        act(broker, "x")
    assert str(caught.value) == "No schedule 'x': there are heartbeat, recount."
