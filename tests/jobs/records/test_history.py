"""How many jobs ended a minute."""

from __future__ import annotations

import dramatiq

from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.minutes import note_minute
from osmod.jobs.records.history import Ended, differences, ended_by_minute, gathered
from tests.jobs.records.taking import end


def test_what_ended_since_a_note(broker: JobBroker) -> None:
    """Counts from the first note on; a second one in the same minute changes nothing."""
    actor = dramatiq.actor(actor_name="work")(lambda: None)
    actor.send()
    end(broker, 1)
    assert [Ended()] * 3 == ended_by_minute(broker, ["default"], 3)
    note_minute(broker, ["default"])
    for _ in range(2):
        actor.send()
    end(broker, 2)
    note_minute(broker, ["default"])
    ended = ended_by_minute(broker, ["default", "other"], 3)
    assert Ended(done=2) == sum(ended, Ended())
    assert Ended() == ended[0]  # it was in this minute, or the one before if that has just ended


def test_differences() -> None:
    """Whatever the order of the ring; a gap stands at its beginning, counters that were lost begin at nothing."""
    noted = [(12, 30, 1, 0, 0), (10, 10, 1, 0, 0), (11, 25, 1, 2, 0), (20, 4, 0, 0, 0), (21, 9, 0, 0, 1)]
    assert [
        (10, Ended(done=15, retried=2)),
        (11, Ended(done=5)),
        (12, Ended(done=4)),
        (20, Ended(done=5, cancelled=1)),
    ] == differences(noted)


def test_gathered() -> None:
    """From the end, as the end is now."""
    assert [Ended(2), Ended(2)] == gathered([Ended(1)] * 5, 2)
