"""What becomes of thousands of jobs over hours, by the gate's own scripts."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from osmod.jobs.broker import JobBroker
from osmod.jobs.gate import Gate, GateLimits, gate
from tests.jobs.gate.simulation import Simulation, scripts


@pytest.fixture(autouse=True)
def _clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, script in scripts(tmp_path).items():
        monkeypatch.setattr(gate, name, script)


@pytest.fixture
def simulate(broker: JobBroker) -> Callable[..., Simulation]:
    """Makes a simulation with limits; its chances are the same each time."""

    def make(limits: GateLimits, **how: Any) -> Simulation:
        random.seed(13)
        how = {"latency": lambda: 0.3, "delay": lambda: random.expovariate(20)} | how
        return Simulation(broker, Gate(broker, "service", limits), **how)

    return make


def crowded(simulation: Simulation, limit: int, seconds: float) -> list[float]:
    """When more arrived within so many seconds than the limit says."""
    moments = sorted(simulation.arrivals)
    return [at for at, then in zip(moments, moments[limit:], strict=False) if then - at < seconds]


def test_a_thousand_at_sixty_a_minute(simulate: Callable[..., Simulation]) -> None:
    """No minute sees more, no place stays empty for long, each job is woken about twice, and in its minute."""
    simulation = simulate(GateLimits(per_minute=60))
    simulation.send(1000)
    simulation.run()

    assert [] == crowded(simulation, 60, 60)
    assert simulation.woken <= 2_200
    assert simulation.now < 1.02 * 16 * 61
    assert all(abs(number - place) < 60 for place, (_, number) in enumerate(simulation.departures))


def test_requests_that_arrive_late(simulate: Callable[..., Simulation]) -> None:
    """Processes stand still between a request's turn and its departure, Redis's clock trembles: no 429 at all."""
    simulation = simulate(
        GateLimits(per_minute=60),
        travel=lambda: random.choice([0.01] * 20 + [1, 10, 40]),
        clock=lambda: random.uniform(-0.1, 0.1),
    )
    simulation.send(1000)
    simulation.run()

    assert [] == crowded(simulation, 60, 60)
    assert set(range(1000)) == {number for _, number in simulation.departures}
    assert simulation.now < 1.5 * 16 * 61


def test_many_in_one_request(simulate: Callable[..., Simulation]) -> None:
    """Where a request is for 8 of those who wait, requests are counted, not they; nobody is asked twice."""
    simulation = simulate(GateLimits(per_minute=60, together=8))
    simulation.send(1250)
    simulation.run()

    assert [] == crowded(simulation, 60, 60)
    assert set(range(1250)) == simulation.answered
    assert len(simulation.departures) < 60 + 1.2 * 1250 / 8
    assert simulation.now < 1.3 * 4 * 61


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_set(simulate: Callable[..., Simulation], hours: int) -> None:
    """By an hour, either way: nobody waits for longer than the limit has them wait."""
    simulation = simulate(GateLimits(per_minute=60))
    simulation.clock = lambda: 3600.0 * hours if simulation.now > 30 else 0.0
    simulation.send(200)
    simulation.run()

    assert set(range(200)) == {number for _, number in simulation.departures}
    assert simulation.now < 1.3 * 4 * 61


def test_workers_that_were_down(simulate: Callable[..., Simulation]) -> None:
    """Five minutes' turns have passed: those jobs do not depart at once, nor is a place left empty."""
    simulation = simulate(GateLimits(per_minute=60, per_second=5), down=(100, 400))
    simulation.send(600)
    simulation.run()

    assert [] == crowded(simulation, 60, 60)
    assert [] == crowded(simulation, 5, 1)
    assert set(range(600)) == {number for _, number in simulation.departures}
    assert simulation.woken <= 6 * 600
    assert simulation.now < 300 + 1.05 * 10 * 61


def test_few_at_a_time(simulate: Callable[..., Simulation]) -> None:
    """Places are free sooner or later than is known."""
    simulation = simulate(GateLimits(concurrency=10), latency=lambda: random.expovariate(1))
    simulation.send(500)
    simulation.run()

    assert set(range(500)) == {number for _, number in simulation.departures}
    assert simulation.woken <= 8 * 500
    assert simulation.now < 1.4 * 500 / 10
