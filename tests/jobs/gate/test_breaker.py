"""A service that is away is left in peace, and found to be back by one request."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

import pytest

from osmod.jobs.broker import JobBroker
from osmod.jobs.gate import Breaker, BreakerTerms, Gate, GateLimits, NotYet, Outcome
from tests.waiting import until

pytestmark = pytest.mark.timed

AWAY = Outcome.away("no answer in 60 s")
REFUSED = Outcome.refused("401: no such key")
OK, UNRELATED = Outcome.ok(), Outcome.unrelated()
#: A quarter of a second instead of ten, and so on.
TERMS = BreakerTerms(failures=3, first=250, longest=1000, refused=250)


def ask(gate: Gate, *outcomes: Outcome) -> None:
    """Depart and end, once for each outcome."""
    for number, outcome in enumerate(outcomes):
        gate.enter(f"{number}")
        gate.leave(f"{number}", outcome)


def opens(gate: Gate) -> None:
    """Wait until one request finds out whether the service is back, and have it depart, as `probe`."""

    def entered() -> bool:
        try:
            gate.enter("probe")
        except NotYet:
            return False
        return True

    until(entered)


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ([], Breaker.CLOSED),
        ([AWAY, AWAY], Breaker.CLOSED),
        ([AWAY, AWAY, AWAY], Breaker.OPEN),
        ([AWAY, AWAY, OK, AWAY, AWAY], Breaker.CLOSED),
        ([AWAY, AWAY, Outcome.paused(0), AWAY, AWAY], Breaker.CLOSED),
        ([AWAY, UNRELATED, AWAY, UNRELATED, AWAY], Breaker.OPEN),
        ([REFUSED], Breaker.REFUSED),
        ([OK, AWAY, REFUSED], Breaker.REFUSED),
    ],
)
def test_what_opens_it(broker: JobBroker, outcomes: list[Outcome], state: Breaker) -> None:
    """So many failures in a row, or one refusal."""
    gate = Gate(broker, "scorer:7", GateLimits(), breaker=TERMS)
    ask(gate, *outcomes)
    assert state is gate.state().breaker


@pytest.mark.parametrize(
    ("before", "probe", "after"),
    [
        ([AWAY] * 3, OK, Breaker.CLOSED),
        ([AWAY] * 3, Outcome.paused(0), Breaker.CLOSED),
        ([AWAY] * 3, AWAY, Breaker.OPEN),
        ([AWAY] * 3, UNRELATED, Breaker.HALF_OPEN),
        ([AWAY] * 3, REFUSED, Breaker.REFUSED),
        ([REFUSED], OK, Breaker.CLOSED),
        ([REFUSED], REFUSED, Breaker.REFUSED),
        ([REFUSED], AWAY, Breaker.REFUSED),
        ([REFUSED], Outcome.paused(0), Breaker.REFUSED),
    ],
)
def test_what_a_probe_makes_of_it(
    broker: JobBroker, before: list[Outcome], probe: Outcome, after: Breaker
) -> None:
    """Of an open breaker, and of one that was refused; the probe is the only request under way."""
    gate = Gate(broker, "scorer:7", GateLimits(), breaker=TERMS)
    ask(gate, *before)
    opens(gate)
    with pytest.raises(NotYet):
        gate.enter("another")
    gate.leave("probe", probe)
    assert after is gate.state().breaker


def test_its_pauses_grow(broker: JobBroker) -> None:
    """Twice as long after each probe in vain, up to the longest."""
    gate = Gate(broker, "scorer:7", GateLimits(), breaker=TERMS)
    ask(gate, *[AWAY] * 3)
    for pause in (0.5, 1, 1):
        opens(gate)
        leaving = time.time()
        gate.leave("probe", AWAY)
        left = time.time()
        next_probe = gate.state().next_probe
        assert next_probe is not None
        assert leaving + pause - 0.1 < next_probe.timestamp() < left + pause + 0.1


def test_who_waits_is_told_why_and_until_when(broker: JobBroker) -> None:
    """Until the probe; those behind it until a little later."""
    gate = Gate(broker, "scorer:7", GateLimits())
    began = time.monotonic()
    ask(gate, *[AWAY] * 5)
    with pytest.raises(NotYet, match=r"^scorer:7: it is away \(no answer in 60 s\)$") as first:
        gate.enter("a")
    with pytest.raises(NotYet, match=r"; 1 before it$") as second:
        gate.enter("b")
    took = time.monotonic() - began
    assert 10 - took - 0.1 < first.value.seconds <= 10
    assert 10 - took < second.value.seconds < 11.5
    state = gate.state()
    assert (Breaker.OPEN, "no answer in 60 s", 2) == (state.breaker, state.why, state.waiting)
    assert state.since is not None
    assert state.next_probe is not None
    assert timedelta(seconds=10) == state.next_probe - state.since


def test_a_probe_that_is_lost_is_replaced(broker: JobBroker) -> None:
    """Its process died."""
    lost = Gate(broker, "scorer:7", GateLimits(), breaker=TERMS, hold=200)
    gate = Gate(broker, "scorer:7", GateLimits(), breaker=TERMS)
    ask(gate, *[AWAY] * 3)
    opens(lost)
    assert Breaker.HALF_OPEN is gate.state().breaker

    def replaced() -> bool:
        try:
            gate.enter("another")
        except NotYet:
            return False
        return True

    until(replaced)
    gate.leave("probe", OK)
    assert Breaker.HALF_OPEN is gate.state().breaker
    gate.leave("another", OK)
    assert Breaker.CLOSED is gate.state().breaker


def test_requests_that_began_before_it_opened_say_nothing(broker: JobBroker) -> None:
    """Neither that the service is back nor that it is still away."""
    gate = Gate(broker, "scorer:7", GateLimits(), breaker=TERMS)
    for ticket in ("early", "earlier"):
        gate.enter(ticket)
    ask(gate, *[AWAY] * 3)
    before = gate.state().next_probe
    gate.leave("early", OK)
    gate.leave("earlier", AWAY)
    assert (Breaker.OPEN, before) == (gate.state().breaker, gate.state().next_probe)


@pytest.mark.parametrize("outcomes", [[REFUSED], [AWAY] * 3, [Outcome.paused(600)]])
def test_another_configuration_is_asked_at_once(broker: JobBroker, outcomes: list[Outcome]) -> None:
    """What the service said of the old key, or at the old address, says nothing of the new; late answers neither."""
    old = Gate(broker, "scorer:7", GateLimits(), version="old key", breaker=TERMS)
    new = Gate(broker, "scorer:7", GateLimits(), version="new key", breaker=TERMS)
    old.enter("late")
    ask(old, *outcomes)
    with pytest.raises(NotYet):
        old.enter("a")
    new.enter("a")
    old.leave("late", REFUSED)
    assert (Breaker.CLOSED, None) == (new.state().breaker, new.state().paused_until)


@pytest.mark.parametrize("outcomes", [[REFUSED], [AWAY] * 3])
def test_an_operator_has_it_asked_at_once(broker: JobBroker, outcomes: list[Outcome]) -> None:
    """After a reset."""
    gate = Gate(broker, "scorer:7", GateLimits(), breaker=TERMS)
    ask(gate, *outcomes)
    gate.reset()
    gate.enter("a")
    assert Breaker.CLOSED is gate.state().breaker


def test_each_change_is_said_once(broker: JobBroker, caplog: pytest.LogCaptureFixture) -> None:
    """By the process that made it, however many there are."""
    caplog.set_level(logging.INFO, "osmod.jobs.gate")
    gate = Gate(broker, "scorer:7", GateLimits(), breaker=TERMS)
    for number in range(9):
        gate.enter(f"{number}")
    for number in range(9):
        gate.leave(f"{number}", AWAY)
    opens(gate)
    gate.leave("probe", AWAY)
    opens(gate)
    gate.leave("probe", OK)
    ask(gate, REFUSED)
    assert [
        "scorer:7 is away, and asked by one request at a time until it is back: no answer in 60 s",
        "scorer:7 is back.",
        "scorer:7 refuses us, and is not asked until its configuration changes: 401: no such key",
    ] == [one.getMessage() for one in caplog.records]
