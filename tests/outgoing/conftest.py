"""A server on this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scorers.fake import Fake, serving


@pytest.fixture
def fake() -> Iterator[Fake]:
    """It answers as it is told, and remembers what it was asked."""
    with serving() as fake:
        yield fake
