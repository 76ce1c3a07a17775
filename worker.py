"""The entry point: settings, then broker, then actors. `dramatiq worker`, `periodiq worker`."""

from osmod.jobs.setup import ensure_broker
from osmod.preflight import end_unless_usable

end_unless_usable()
broker = ensure_broker()

import actors  # noqa: E402, F401
