"""A gate lets no more through than its service takes, and everybody in turn."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import InvalidOption, PutOff
from osmod.jobs.gate import Gate, GateLimits, NotYet, Outcome
from tests.redis_servers import Server
from tests.waiting import until

pytestmark = pytest.mark.timed

#: Seconds by which the milliseconds that are told may differ from what is meant.
ROUNDED = 0.005


def wait_of(gate: Gate, ticket: str) -> float:
    """The seconds that a ticket is told to wait; 0 if it departs."""
    try:
        gate.enter(ticket)
    except NotYet as error:
        return error.seconds
    return 0.0


def turn_of(gate: Gate, ticket: str) -> tuple[float, float]:
    """The earliest and the latest moment, by `time.monotonic`, that a ticket may have been told as its turn."""
    asked = time.monotonic()
    seconds = wait_of(gate, ticket)
    return asked + seconds - ROUNDED, time.monotonic() + seconds + ROUNDED


def test_without_limits_all_depart(broker: JobBroker) -> None:
    """And those under way are known until they leave."""
    gate = Gate(broker, "scorer:7", GateLimits())
    assert [0.0] * 50 == [wait_of(gate, f"{number}") for number in range(50)]
    assert (50, 0) == (gate.state().in_flight, gate.state().waiting)
    for number in range(50):
        gate.leave(f"{number}", Outcome.ok())
    assert (0, 50) == (gate.state().in_flight, gate.state().last_minute)


def test_several_in_one_step(broker: JobBroker) -> None:
    """Each is let in, or told of its turn, as if it had come by itself in their order; each leaves with its own end."""
    gate = Gate(broker, "scorer:7", GateLimits(per_second=2, concurrency=3))
    one, two, *others = gate.enter_all(["1", "2", "3", "4"])
    assert ([], []) == (one, two)
    assert all(isinstance(other, NotYet) for other in others)
    assert (2, 2) == (gate.state().in_flight, gate.state().waiting)

    gate.leave_all([("1", Outcome.ok(), []), ("2", Outcome.paused(5), [])])
    state = gate.state()
    assert 0 == state.in_flight
    assert state.paused_until is not None


def test_who_departs_late_counts_from_then_on(broker: JobBroker) -> None:
    """Whoever waits for its place waits a second from then on; under a limit a minute nothing is different."""
    gate = Gate(broker, "scorer:7", GateLimits(per_second=1))
    assert 0.0 == wait_of(gate, "late")
    until(lambda: 0.0 < wait_of(gate, "next") < 0.8)
    began = time.monotonic()
    gate.depart_late(1)
    _, turn = turn_of(gate, "next")
    assert turn > began + 0.98

    gate = Gate(broker, "scorer:8", GateLimits(per_minute=2))
    assert 0.0 == wait_of(gate, "late")
    gate.depart_late(1)
    assert 0.0 == wait_of(gate, "next")


def test_those_who_wait_are_told_when_their_turns_come(broker: JobBroker) -> None:
    """The n-th of them the n-th free turn: no more at one moment than may then depart."""
    gate = Gate(broker, "scorer:7", GateLimits(per_minute=60))
    assert [0.0] * 60 == [wait_of(gate, f"{number}") for number in range(60)]
    # A minute is counted from the ends of requests, and none has ended: as many seconds for whoever asks later.
    waits = [wait_of(gate, f"late {number}") for number in range(600)]

    for cycle in range(10):
        of_cycle = waits[60 * cycle : 60 * cycle + 60]
        assert 60.5 * (cycle + 1) - 3 < min(of_cycle) <= max(of_cycle) <= 61.1 * (cycle + 1)
    with pytest.raises(PutOff, match=r"^scorer:7: 60 requests a minute; 600 before it$"):
        gate.enter("one more")
    assert 601 == gate.state().waiting


def test_who_comes_again_keeps_its_place(broker: JobBroker) -> None:
    """Too early or not: it is told of the same turn, and others do not get before it."""
    gate = Gate(broker, "scorer:7", GateLimits(per_second=1))
    gate.enter("first")
    departed = time.monotonic()
    turns = {name: turn_of(gate, name) for name in ("a", "b", "c")}
    again = {name: turn_of(gate, name) for name in ("c", "a", "b")}

    for name, (earliest, latest) in turns.items():
        assert earliest <= again[name][1]
        assert again[name][0] <= latest
    a, b, c = (again[name][0] - departed for name in ("a", "b", "c"))
    assert 1.05 >= a < b < c <= 3.2


def test_a_newcomer_does_not_take_the_turn_of_one_who_is_about_to_come(broker: JobBroker) -> None:
    """Its job is on its way through the queue."""
    gate = Gate(broker, "scorer:7", GateLimits(per_second=1))
    gate.enter("first")
    _, turn = turn_of(gate, "second")
    until(lambda: time.monotonic() > turn + 0.02, every=0.005)

    assert 0.5 < wait_of(gate, "newcomer")
    assert 0.0 == wait_of(gate, "second")


def test_who_does_not_come_holds_up_nobody_for_long_and_keeps_its_place(broker: JobBroker) -> None:
    """A worker was down, or a job cancelled: after two seconds others go first; then it is the next."""
    gate = Gate(broker, "scorer:7", GateLimits(per_second=1))
    gate.enter("first")
    wait_of(gate, "absent")
    asked: list[float] = []

    def departs() -> bool:
        asked.append(time.monotonic())
        return wait_of(gate, "newcomer") == 0.0

    until(departs, 6, every=0.05)
    departed = time.monotonic()
    wait_of(gate, "third")
    for ticket, least, most in (("absent", 0.9, 1.05), ("third", 1.9, 2.15)):
        earliest, latest = turn_of(gate, ticket)
        assert asked[-1] + least < latest
        assert earliest <= departed + most


def test_no_more_than_may_are_under_way(broker: JobBroker) -> None:
    """Who comes twice, as its job was delivered again, is one."""
    gate = Gate(broker, "scorer:7", GateLimits(concurrency=2))
    gate.enter("a")
    gate.enter("b")
    gate.enter("b")
    with pytest.raises(NotYet, match=r"^scorer:7: 2 requests at a time$"):
        gate.enter("c")
    gate.leave("a", Outcome.ok())
    gate.leave("a", Outcome.ok())
    assert 0.0 == wait_of(gate, "c")
    assert 0.0 < wait_of(gate, "d")


def test_who_is_taken_along(broker: JobBroker) -> None:
    """Those who have waited longest, but for those who go alone; until the request is over nobody departs for them."""
    gate = Gate(broker, "scorer:7", GateLimits(per_minute=2, together=3))
    assert [] == gate.enter("1")
    assert [] == gate.enter("trial")
    for ticket in ("2", "another", "3", "4", "5"):
        wait_of(gate, ticket)
    broker.client.delete(b"dramatiq:{gate:scorer:7}:flying")
    assert ["2", "3"] == gate.enter("5")
    with pytest.raises(NotYet, match=r"^scorer:7: it is asked together with others$"):
        gate.enter("2")
    gate.leave("5", Outcome.away("no answer"), ["2", "3"])
    assert 2 == gate.state().waiting
    assert ["4"] == gate.enter("2")


def test_one_that_is_lost_with_its_process_makes_room(broker: JobBroker) -> None:
    """After the time that no request takes."""
    gate = Gate(broker, "scorer:7", GateLimits(concurrency=1))
    Gate(broker, "scorer:7", GateLimits(concurrency=1), hold=1000).enter("lost")
    assert 0.0 < wait_of(gate, "next")
    until(lambda: wait_of(gate, "next") == 0.0)
    gate.leave("lost", Outcome.away("told too late"))
    assert 1 == gate.state().in_flight


def test_a_pause_is_for_everybody(make_broker: Callable[..., JobBroker]) -> None:
    """In every process; they do not all come at its end at once. A shorter one does not end it."""
    one, other = (Gate(make_broker(), "scorer:7", GateLimits()) for _ in range(2))
    one.enter("a")
    asked = time.monotonic()
    one.leave("a", Outcome.paused(100))
    paused = time.monotonic()
    one.leave("a", Outcome.paused(1))
    turns = [turn_of(other, f"{number}") for number in range(100)]

    assert turns[-1][1] - turns[0][0] > 0.2
    assert asked + 99 < min(latest for _, latest in turns)
    assert max(earliest for earliest, _ in turns) < paused + 102
    with pytest.raises(NotYet, match=r"^scorer:7: it asked for a pause; 100 before it$"):
        other.enter("more")
    until_then = one.state().paused_until
    assert until_then is not None
    one.reset()
    assert one.state().paused_until is None


def test_while_redis_is_away_nothing_departs_uncounted(own_server: Callable[..., Server]) -> None:
    """The job waits; what a request brought is kept, though the gate is not told of it."""
    server = own_server()
    broker = JobBroker(url=server.url, send_patience=100)
    gate = Gate(broker, "scorer:7", GateLimits(per_second=1))
    gate.enter("a")
    server.close()

    gate.leave("a", Outcome.ok())
    with pytest.raises(NotYet, match="whether it is its turn is not known") as raised:
        gate.enter("b")
    assert 1.0 == raised.value.seconds
    broker.close()


def test_all_that_it_keeps_goes_by_itself(broker: JobBroker) -> None:
    """Every key has its end, and they are its own."""
    gate = Gate(broker, "scorer:7", GateLimits(per_second=1, per_minute=5, concurrency=1))
    for number in range(10):
        wait_of(gate, f"{number}")
    gate.leave("0", Outcome.away("timeout"))
    gate.leave("1", Outcome.paused(1))
    keys = broker.client.keys("*")

    assert {b"dramatiq:{gate:scorer:7}"} == {key.rpartition(b":")[0] for key in keys}
    assert all(0 < broker.client.pttl(key) <= 90_000_000 for key in keys)


@pytest.mark.parametrize("name", ["per_second", "per_minute", "concurrency"])
def test_limits_that_make_no_sense_are_refused(name: str) -> None:
    """By name."""
    with pytest.raises(InvalidOption, match=f"^{name}=0: expected a number from 1"):
        GateLimits(**{name: 0})
