"""One case asked of our side."""

from __future__ import annotations

from collections.abc import Iterator

from tests.http_golden.case import Case, Fixture
from tests.http_golden.expected import differences
from tests.http_golden.server import Server
from tests.http_golden.task_api import askings


def differences_of(case: Case, fixture: Fixture, server: Server) -> Iterator[str]:
    """Every difference between what is expected for a case and what is answered."""
    for asked, expected in askings(case, fixture):
        where = f"as {asked.caller}, {asked.mode}: " if asked != case else ""
        for line in differences(expected, server.ask(asked)):
            yield where + line
