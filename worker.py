"""The entry point: settings, then broker, then actors. `dramatiq worker`, `periodiq worker`."""

from osmod.jobs.setup import ensure_broker

broker = ensure_broker()

import actors  # noqa: E402, F401
