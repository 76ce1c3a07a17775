"""Each promise of the queue is proved by tests that hold on our broker and fail on Dramatiq's own.

`@pytest.mark.promise("P3", stock="…")` on a test names the promises that it proves, and how Dramatiq's
`RedisBroker` breaks them in it: a pattern found in the error. `absent="…"` instead names what that broker has
nothing of, so that it cannot even be asked for it.

`pytest --broker stock` puts that broker, as it comes, in the place of ours and runs these tests alone. It lists
what became of each promise. The exit status is 1 if a test passes there or fails for any other reason, or if one
of the promises is broken by no test.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Generator

import pytest

from tests import waiting
from tests.jobs.brokers import BROKERS, CHOICE

PROMISES = tuple(f"P{number}" for number in range(1, 13))
#: What broke each promise: the tests and their errors.
_broken: dict[str, list[str]] = defaultdict(list)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let Dramatiq's broker stand in the place of ours."""
    parser.addoption(
        "--broker",
        choices=BROKERS,
        default=BROKERS[0],
        help="stock: show that Dramatiq's own breaks promises",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Tell the tests, and the processes that they start, which broker is meant."""
    config.addinivalue_line("markers", "promise(*names, stock, absent): proves promises of the queue")
    os.environ[CHOICE] = config.getoption("--broker")
    if _on_stock(config):
        waiting.SLACK = 1  # most of what is waited for never comes there
        # Its consumer threads die of a Redis that is away. That is for the tests to notice, by what it does to jobs.
        config.addinivalue_line("filterwarnings", "ignore::pytest.PytestUnhandledThreadExceptionWarning")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On Dramatiq's broker, run what proves promises and nothing else."""
    if _on_stock(config):
        config.hook.pytest_deselected(
            items=[item for item in items if not item.get_closest_marker("promise")]
        )
        items[:] = [item for item in items if item.get_closest_marker("promise")]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """On Dramatiq's broker, expect each test to fail for the reason that its marker gives."""
    report = yield
    mark = item.get_closest_marker("promise")
    if not _on_stock(item.config) or mark is None or report.when != "call" or report.skipped:
        return report
    if call.excinfo is None:
        report.outcome, report.longrepr = "failed", "the stock broker passes: this test proves no promise"
        return report
    error = call.excinfo.exconly(tryshort=True)
    absent = mark.kwargs.get("absent")
    if re.search(r"^AttributeError: attribute \w+ does not exist" if absent else mark.kwargs["stock"], error):
        reason = f"the stock broker has no such thing: {absent}" if absent else error.partition("\n")[0]
        report.outcome, report.wasxfail = "skipped", reason
        for name in mark.args:
            _broken[name].append(f"{item.nodeid}\n      {reason}")
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A promise that nothing showed to be broken fails the run."""
    if _on_stock(session.config) and set(_broken) != set(PROMISES):
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """List for each promise what broke it."""
    if not _on_stock(config):
        return
    terminalreporter.section("promises on Dramatiq's own broker")
    for name in PROMISES:
        terminalreporter.write_line(f"{name:4}{'broken' if name in _broken else 'NOT SHOWN TO BE BROKEN'}")
        for line in _broken.get(name, ()):
            terminalreporter.write_line(f"    {line}")


def _on_stock(config: pytest.Config) -> bool:
    return bool(config.getoption("--broker") == "stock")
