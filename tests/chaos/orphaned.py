"""The actors of `tests.chaos.app` in a module that is imported for as long as the worker's parent lives."""

from __future__ import annotations

import os

from tests.chaos.app import broker, note
from tests.waiting import until

__all__ = ["broker"]

_parent = os.getppid()
note("importing", "orphaned")
until(lambda: os.getppid() != _parent, 30)
