"""A simulated week with three schedulers that are killed, restarted and cut off: exact counts at its end."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import redis

from osmod.jobs.schedules import cron, every
from osmod.jobs.wire.scripts import Script

from .conftest import Killed, run

# The week of 2026-10-25, when Amsterdam puts its clocks back: it is an hour longer there.
START = datetime(2026, 10, 19, tzinfo=UTC)
END = START + timedelta(days=7)


def _multiples(seconds: int) -> int:
    """Return how many multiples of so many seconds since 1970 lie between START and END."""
    return int(END.timestamp() - 1) // seconds - int(START.timestamp()) // seconds


SCHEDULES = {
    # with the number of slots between START and END
    "heartbeat": (every("10 minutes"), 7 * 144 - 1),
    "sweep": (cron("*/20 * * * *", tz="Europe/Amsterdam"), 7 * 72 - 1),
    "hourly": (cron("@hourly", catch_up=True), 7 * 24 - 1),
    "odd": (
        every("8 minutes and 30 seconds"),
        int(END.timestamp() - 1) // 510 - int(START.timestamp()) // 510,
    ),
    "nightly": (cron("30 2 * * *", tz="Europe/Amsterdam"), 7),
    "stepped": (cron("0 */2 * * *", tz="Europe/Amsterdam"), 83),
    "weekly": (cron("0 6 * * mon", tz="Europe/Amsterdam"), 1),
    "yearly": (cron("@yearly"), 0),
}


class Week:
    """Three schedulers, a stock queue that keeps every copy it gets, and workers that come to it in time."""

    def __init__(self, make_broker, make_scheduler, clock, rng) -> None:
        self.clock, self.rng, self.make_scheduler = clock, rng, make_scheduler
        pairs = [(name, schedule) for name, (schedule, _) in SCHEDULES.items()]
        self.brokers = [make_broker(*pairs) for _ in range(3)]
        for broker in self.brokers:
            broker.before_send = partial(self.meddle, broker)
        self.schedulers = [make_scheduler(broker) for broker in self.brokers]
        self.wakes = [clock.time] * 3
        self.queue: list[Any] = []
        self.runs: Counter[Any] = Counter()
        self.faults = self.copies = 0

    def meddle(self, broker) -> None:
        """One message in ten meets a fault."""
        kind = self.rng.random() * 40
        if kind < 1:
            broker.kill = "before"
        elif kind < 2:
            broker.kill = "after"
        elif kind < 3 and not broker.errors:
            broker.errors = [redis.ConnectionError("reset")] * 3
        elif kind < 4 and not broker.errors:
            broker.errors = ["stored"]
        self.faults += kind < 4

    def restart(self, at) -> None:
        """Replace a scheduler by a new process."""
        self.schedulers[at] = self.make_scheduler(self.brokers[at])
        self.wakes[at] = self.clock.time + timedelta(seconds=self.rng.choice([0, 1, 5]))

    def step(self) -> None:
        """Let all who have something to do at this moment do it, in any order, and move to the next."""
        for at in self.rng.sample(range(3), 3):
            if self.wakes[at] <= self.clock.time:
                try:
                    self.wakes[at] = self.schedulers[at].step()
                except Killed:
                    self.restart(at)
                if self.rng.random() < 0.01:
                    self.restart(at)
            self.enqueue(self.brokers[at])
        for entry in [entry for entry in self.queue if entry[0] <= self.clock.time]:
            self.queue.remove(entry)
            self.run(*entry[1:])
        soonest = min([*self.wakes, *(entry[0] for entry in self.queue)])
        self.clock.time = max(soonest, self.clock.time + timedelta(milliseconds=100))

    def enqueue(self, broker) -> None:
        """Queue what was sent: a worker comes to it within 40 seconds."""
        for message in broker.sent:
            wait = timedelta(seconds=self.rng.choice([0, 0, 0, 5, 40]))
            self.queue.append((self.clock.time + wait, broker, message))
            self.copies += 1
        broker.sent.clear()

    def run(self, broker, message) -> None:
        """Let a worker run a message, and count it if it was not skipped."""
        if run(broker, message):
            self.runs[message.actor_name, message.options["scheduled_at"]] += 1


def test_a_week_of_slots_each_run_once(make_broker, make_scheduler, clock) -> None:
    """Three schedulers, hundreds of faults: every slot of the week runs exactly once, none besides.

    Faults: killed before and after sending, restarted, errors with and without the message stored.
    """
    clock.time = START
    week = Week(make_broker, make_scheduler, clock, random.Random(4))
    while clock.time < END:
        week.step()
    for entry in week.queue:
        week.run(*entry[1:])
    slots = Counter(name for name, _ in week.runs)
    assert {name: count for name, (_, count) in SCHEDULES.items() if count} == dict(slots)
    assert set(week.runs.values()) == {1}
    assert week.faults > 250
    assert week.copies > sum(week.runs.values()), "no slot was sent twice: the faults were too kind"


def test_asking_for_a_slot_costs_one_script(make_broker, make_scheduler, clock, monkeypatch) -> None:
    """A scheduler that comes second learns so in one exchange with Redis."""
    brokers = [make_broker(("beat", every("10 minutes"))) for _ in range(2)]
    schedulers = [make_scheduler(broker) for broker in brokers]
    for scheduler in schedulers:
        scheduler.step()
    clock.advance(minutes=10)
    schedulers[0].step()
    calls, plain = [], Script.run

    def counted(script, *arguments):
        calls.append(script.name)
        return plain(script, *arguments)

    monkeypatch.setattr(Script, "run", counted)
    schedulers[1].step()
    assert calls == ["claim"]
