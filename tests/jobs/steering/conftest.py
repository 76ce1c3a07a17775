"""The fixtures of the tests of records serve those of acts, too."""

from __future__ import annotations

from tests.jobs.records.conftest import accept, actor, broker, run  # noqa: F401
