"""Loading modules in less time."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType


@contextmanager
def nobody_collects() -> Iterator[None]:
    """Load modules in this block. What they make stays, so nobody looks for garbage in it, now or later.

    To look takes a sixth of the time that loading takes, and after a fork each process would write to, and so have
    for itself, all that is looked at.
    """
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collected:
            gc.enable()


def load(name: str) -> ModuleType:
    """A module, loaded like that unless it is loaded."""
    if name in sys.modules:
        return sys.modules[name]
    with nobody_collects():
        return import_module(name)
