"""A server on this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from osmod.outgoing.proxies import look_up
from tests.scorers.fake import Fake, serving


@pytest.fixture(autouse=True)
def _proxies_of_its_own() -> Iterator[None]:
    """Each test finds the proxies that it names itself."""
    look_up.cache_clear()
    yield
    look_up.cache_clear()


@pytest.fixture
def fake() -> Iterator[Fake]:
    """It answers as it is told, and remembers what it was asked."""
    with serving() as fake:
        yield fake
