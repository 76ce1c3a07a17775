"""What an operator reads of jobs that fail: one line each, with its reason, and two for an outage."""

from __future__ import annotations

import re

import pytest

from tests.chaos.pools import Pool
from tests.logs.conftest import KINDS, Logs
from tests.waiting import until


@pytest.mark.parametrize("kind", KINDS)
def test_each_failure_is_one_line_with_its_reason(logs: Logs, kind: type[Pool]) -> None:
    """Two hundred jobs whose comments are not there leave two hundred lines about them."""
    sent = {logs.send("refuse", number): number for number in range(200)}
    pool = logs.work(kind=kind, processes=2)
    logs.until_ended(200)

    said = [line for line in logs.lines(pool) if "refuse" in line]

    assert 200 == len(said)
    line = re.compile(
        r"\S+Z \[warning  \] Job failed: NotFound: Comment not found, id: (\d+) .*"
        r" call='refuse\(number=(\d+)\)' attempt=1 waited_ms=\d+ ran_ms=[\d.]+ job=(\S+) actor=refuse pid=\d+"
    )
    found = [match for match in map(line.fullmatch, said) if match]
    assert sent == {match[3]: int(match[1]) for match in found}
    assert all(match[1] == match[2] for match in found)


@pytest.mark.parametrize("kind", KINDS)
def test_a_database_that_is_away_is_two_lines(logs: Logs, kind: type[Pool]) -> None:
    """And one for each attempt of each job, without a traceback."""
    logs.database.mkdir()
    logs.setenv(LOG_FORMAT="json")
    jobs = {logs.send("store", number) for number in range(1, 11)}
    pool = logs.work(kind=kind)
    until(lambda: pool.said().count("again in") >= 30, 40, what="each job was tried about three times")
    logs.database.rmdir()
    logs.until_ended(10)

    loud = [line for line in logs.objects(pool) if line["level"] != "info"]

    away, *retried, back = loud
    assert (
        f"Database away: the database at sqlite:///{logs.database} answers: unable to open database file; "
        "trying until it works." == away["event"]
    )
    assert re.fullmatch(r"Database back after \d+\.\d s\.", back["event"])
    runs = [(line["job"], line["attempt"]) for line in retried]
    assert len(runs) == len(set(runs)) >= 30
    assert jobs == {job for job, _ in runs}
    assert {"retried"} == {line["outcome"] for line in retried}
    assert all("unable to open database file" in line["reason"] for line in retried)
    assert all("exception" not in line for line in loud)


@pytest.mark.timed
def test_redis_away_is_two_lines(logs: Logs) -> None:
    """Whoever misses it: consumers, leases, reports."""
    pool = logs.work()
    logs.send("refuse", 1)
    logs.until_ended(1)
    server = logs.server
    server.kill()
    until(lambda: "Redis away" in pool.said(), 20)
    server.start()
    until(lambda: "Redis back" in pool.said(), 30)

    about = [line for line in logs.lines(pool) if "edis" in line]

    assert 2 == len(about), about
    assert re.search(r"Redis away: Redis does not answer \(.*\): start it", about[0])
    assert re.search(r"Redis back after \d+\.\d s\.", about[1])


def test_a_traceback_is_for_debugging(logs: Logs) -> None:
    """Without `-v` there is none in the log."""
    logs.send("break_down", 1)
    logs.setenv(LOG_FORMAT="json")
    verbose = logs.work("-v")
    logs.until_ended(1)
    said = [line for line in logs.objects(verbose) if line.get("outcome") in ("retried", "failed")]
    assert ["retried", "failed"] == [line["outcome"] for line in said]
    assert [1, 2] == [line["attempt"] for line in said]
    assert all("in break_down" in line["exception"] for line in said)

    logs.send("break_down", 1)
    quiet = logs.work()
    logs.until_ended(2)
    assert "Traceback" not in "\n".join(logs.lines(quiet))
