"""Why tests failed, in the last lines of a run: of one that is far away, often no more is kept."""

from __future__ import annotations

from collections.abc import Generator

import pytest

#: Characters and lines of a reason.
LONGEST, LINES = 1_500, 8


def reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Where it failed, and what was said there."""
    crash = getattr(report.longrepr, "reprcrash", None)
    said = f"{crash.path}:{crash.lineno}: {crash.message}" if crash else report.longreprtext
    return "\n    ".join(said[:LONGEST].splitlines()[:LINES])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
    """After all else that is said: each test that failed, with its reason."""
    yield
    for outcome in ("failed", "error"):
        for report in terminalreporter.stats.get(outcome, []):
            terminalreporter.write_line(f"{outcome}: {report.nodeid}\n    {reason(report)}", red=True)
