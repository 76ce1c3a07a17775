"""The project's actors for worker processes under test, on the broker under test and the settings' database."""

from __future__ import annotations

from tests.chaos.app import broker

# Nothing is scheduled, looked up or shown here: the options of what does so are merely known.
broker.actor_options |= {"index", "periodic", "sensitive"}

import actors  # noqa: E402, F401
