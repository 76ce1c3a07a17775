"""Tests of what happens in time, on a machine that may stand still in the midst of them.

`@pytest.mark.timed` is for a test that says how soon something is, or what happens before a lease is over: such as
that a job keeps its lease while it runs, which it does not where its process gets no processor for as long. That such
a test fails is no news until it does so again: it is run up to `TIMES` times, each time with fixtures of its own, and
the end of the run names those that were run again, and why.
"""

from __future__ import annotations

import pytest
from _pytest.runner import runtestprotocol

from tests.reasons import reason

#: How often it is run at most.
TIMES = 3
#: Of a report, the user property that says why the test failed before.
BEFORE = "failed before"


def pytest_configure(config: pytest.Config) -> None:
    """Know the mark."""
    config.addinivalue_line("markers", f"timed: says how soon something is; run up to {TIMES} times")


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run a timed test until it passes."""
    if item.get_closest_marker("timed") is None:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for left in reversed(range(TIMES)):
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        failed = next((report for report in reports if report.failed), None)
        if failed is None or not left:
            break
        item.user_properties.append((BEFORE, reason(failed)))
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name those that were run again."""
    ended = [*terminalreporter.stats.get("passed", []), *terminalreporter.stats.get("failed", [])]
    for report in ended:
        if report.when == "call":
            for name, said in report.user_properties:
                if name == BEFORE:
                    terminalreporter.write_line(f"run again: {report.nodeid}\n    {said}", yellow=True)
