"""An actor that tells what its process had loaded before its first job."""

from __future__ import annotations

import sys

import dramatiq

from osmod.scorers import local_model
from tests.chaos.app import broker, note

__all__ = ["broker"]

_model = "model" if local_model._predictor.cache_info().currsize else "no-model"
_tasks = "tasks" if "osmod.task.asking" in sys.modules else "no-tasks"


@dramatiq.actor
def look(name: str) -> None:
    """Tell it."""
    note(f"{_model},{_tasks}", name)


@dramatiq.actor
def score(name: str, text: str) -> None:
    """Tell whether the model finds a text toxic."""
    note("toxic" if local_model.predict([text])[0] > 0.9 else "harmless", name)
