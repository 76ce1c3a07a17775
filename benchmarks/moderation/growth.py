"""How a task's time grows with its article."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Any

from benchmarks.moderation.scene import Deliver, Scene, answer, milliseconds

TASKS: dict[str, Callable[[int], dict[str, Any]]] = {
    "processMachineScore": answer,
    "acceptComments": lambda comment: {"commentId": comment, "userId": 1, "isBatchAction": False},
    "processTagAddition": lambda comment: {
        "type": "flag",
        "sourceCommentId": f"c{comment}",
        "sourceUserId": "reader",
    },
}
#: Calls before those that are measured.
WARM_UP = 10


def measure(
    scenes: Sequence[tuple[Scene, Deliver]],
    calls: int,
    tasks: Sequence[str] = tuple(TASKS),
    *,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[tuple[str, list[float]]]:
    """For each task the median milliseconds of `calls` calls, one for each scene, on comments not touched before.

    The scenes take turns, so that whatever else the machine does falls on all of them alike. `clock` tells seconds.
    """
    for number, task in enumerate(tasks):
        took: list[list[float]] = [[] for _ in scenes]
        for call in range(calls + WARM_UP):
            for times, (scene, deliver) in zip(took, scenes, strict=True):
                comment = scene.comments[-1 - number * (calls + WARM_UP) - call]  # the newest, as in life
                times.append(milliseconds(deliver, task, clock, **TASKS[task](comment)))
        yield task, [median(times[WARM_UP:]) for times in took]


def comments_needed(calls: int) -> int:
    """How many comments a scene must have."""
    return len(TASKS) * (calls + WARM_UP)
