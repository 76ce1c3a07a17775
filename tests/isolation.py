"""Imported before all else: the machine's own settings stay out of the tests.

And the project's actors are declared on the project's broker, before a test makes one of its own the global one.
"""

from __future__ import annotations

import os
import signal
import sys

_SETTINGS = (
    "DATABASE_",
    "WORKER_",
    "LOG_",
    "REDIS_URL",
    "API_URL",
    "KUE_",
    "OSMOD_HOME",
    "OSMOD_CORS_ORIGINS",
    "OSMOD_PRIVATE_WEBHOOKS",
    "OSMOD_METRICS",
)

for _name in [name for name in os.environ if name.startswith(_SETTINGS)]:
    del os.environ[_name]
os.environ["REDIS_URL"] = "redis://127.0.0.1:1"  # nobody's: a test names the one it means
# Where Python may keep no bytecode, as in many containers, each of the processes that tests start compiles all anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# Where the tests are run in the background of a script, Ctrl-C is ignored, and would be by all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

from osmod.loading import nobody_collects  # noqa: E402

with nobody_collects():
    import actors  # noqa: F401
