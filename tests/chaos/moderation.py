"""The project's actors for worker processes under test, on the broker under test and the settings' database."""

from __future__ import annotations

from osmod.jobs.inline import InlineBroker
from tests.chaos.app import broker

# The options that the actors have are merely known: nothing is scheduled, looked up or shown here.
broker.actor_options |= InlineBroker().actor_options | {"index", "periodic", "sensitive"}

import actors  # noqa: E402, F401
