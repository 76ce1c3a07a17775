"""An outage is two lines, however many meet it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from pymysql.err import OperationalError as DriverError
from sqlalchemy.exc import IntegrityError, OperationalError

from osmod import outages
from osmod.moderation.database_errors import away
from osmod.outages import Outage


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Seconds, set by the test."""

    class Clock:
        now = 100.0

        def monotonic(self) -> float:
            return self.now

    clock = Clock()
    monkeypatch.setattr(outages, "time", clock)
    return clock


def test_many_threads_meet_it(clock: Any, caplog: pytest.LogCaptureFixture) -> None:
    """It is over when all of them are well."""
    outage = Outage("scorer 7")
    everybody = [
        threading.Thread(target=outage.met, args=("it is down",), kwargs={"by": number})
        for number in range(20)
    ]
    for one in everybody:
        one.start()
    for one in everybody:
        one.join()
    clock.now += 12.3
    for number in range(20):
        outage.over(number)
    outage.over(0)

    assert ["Scorer 7 away: it is down; trying until it works.", "Scorer 7 back after 12.3 s."] == (
        caplog.messages
    )


def test_each_kind_is_said_once(clock: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Another reason asks for another remedy."""
    outage = Outage("database")
    for sentence, kind in (("reset", "away"), ("refused", "away"), ("wrong password", "login")):
        clock.now += 60
        outage.met(sentence, kind=kind)
    clock.now += 60
    outage.over()

    assert [
        "Database away: reset; trying until it works.",
        "Database away: wrong password; trying until it works.",
        "Database back after 180.0 s.",
    ] == caplog.messages


def test_what_comes_and_goes_is_said_every_ten_seconds(clock: Any, caplog: pytest.LogCaptureFixture) -> None:
    """And one that lasts is said at the latest then."""
    outage = Outage("scorer 1")
    for _ in range(5):
        outage.met("answered 503")
        outage.over()
        clock.now += 1
    assert 2 == len(caplog.messages)
    outage.met("answered 503")
    clock.now += 10
    outage.met("answered 503")
    clock.now += 1
    outage.over()
    assert ["Scorer 1 away: answered 503; trying until it works.", "Scorer 1 back after 11.0 s."] == (
        caplog.messages[2:]
    )


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (2003, "the database does not answer at mysql+pymysql://me:***@db/os (2003 said): start it, or"),
        (1045, "the database at mysql+pymysql://me:***@db/os refuses the login (1045 said): correct"),
        (1040, "the database at mysql+pymysql://me:***@db/os answers: 1040 said"),
        (1213, None),
        (1146, None),
    ],
)
def test_which_errors_mean_that_the_database_is_away(code: int, sentence: str | None) -> None:
    """Not those of one statement, such as a deadlock or a missing table."""
    error = OperationalError("SELECT 1", {}, DriverError(code, f"{code} said"))
    said = away(error, "mysql+pymysql://me:secret@db/os")
    assert said is None if sentence is None else said is not None and said.startswith(sentence)
    assert away(IntegrityError("INSERT", {}, Exception("1062")), "sqlite://") is None
    assert away(ValueError("2003"), "sqlite://") is None
