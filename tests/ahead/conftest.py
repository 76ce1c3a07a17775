"""Workers of `tests.chaos`, on a server of their own."""

from __future__ import annotations

from tests.chaos.conftest import log, pools, sender  # noqa: F401
from tests.jobs.conftest import own_server  # noqa: F401
